from collections.abc import Callable
from typing import Any

import keras


class MappedPyDataset(keras.utils.PyDataset):
    """A `PyDataset` that applies a function to each batch of another one.

    Args:
        dataset: A `keras.utils.PyDataset`.
        function: Function of a batch and its index that returns the new batch.
    """

    def __init__(self, dataset: keras.utils.PyDataset, function: Callable[[Any, int], Any]) -> None:
        super().__init__(dataset.workers, dataset.use_multiprocessing, dataset.max_queue_size)
        self._dataset, self._function = dataset, function

    def __getitem__(self, index):
        return self._function(self._dataset[index], index)

    @property
    def num_batches(self):
        """The number of batches of the wrapped data set."""
        return self._dataset.num_batches

    def on_epoch_begin(self):
        """Forwards the call."""
        self._dataset.on_epoch_begin()

    def on_epoch_end(self):
        """Forwards the call."""
        self._dataset.on_epoch_end()
