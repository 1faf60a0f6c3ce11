import warnings
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.data import set_epoch
from keras_ssl.data.batches import with_length
from keras_ssl.data.order import forgets_epochs, sources


class EpochOrder(keras.callbacks.Callback):
    """Callback that sets the epoch of the training data, so that its order is a function of (seed, epoch).

    Args:
        dataset: The data that fit trains on. Has an effect on data sets of `keras_ssl.data` and those derived from
            them.
        epochs_before: Integer. Number of epochs of an earlier fit, which this one does not count. Defaults to `0`.
    """

    def __init__(self, dataset: Any, epochs_before: int = 0) -> None:
        super().__init__()
        self._dataset = dataset
        self._epochs_before = epochs_before
        if forgets_epochs(dataset):
            warnings.warn(
                "The order that `.shuffle` draws depends on what ran before, and `.cache` repeats the first order. "
                "So this training cannot be replayed or resumed exactly. Leave them out: data sets of keras_ssl.data "
                "have a new order in each epoch, and cache='memory' keeps their images in memory.",
                stacklevel=3,
            )

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the epoch before Keras starts to iterate."""
        set_epoch(self._dataset, self._epochs_before + epoch)


def epochs_of_steps(dataset: Any, steps: int | None) -> tuple[Any, int | None]:
    """Give a data set epochs of `steps` batches that can be replayed, if it supports them.

    With `steps_per_epoch`, Keras starts each epoch where the one before ended. A training that is resumed would start
    at the beginning of the data instead.

    Args:
        dataset: The data that fit trains on.
        steps: Integer or `None`. The `steps_per_epoch` of fit.

    Returns:
        Tuple of the data set and the `steps_per_epoch` to pass to Keras, which may be `None`.
    """
    found = [source for source, _ in sources(dataset)]
    length = int(dataset.cardinality()) if isinstance(dataset, tf.data.Dataset) else tf.data.UNKNOWN_CARDINALITY
    if not steps or not found or 0 <= length < steps:
        return dataset, steps
    if length != tf.data.UNKNOWN_CARDINALITY and all(source.shuffled for source in found):
        return with_length(dataset, steps), None
    if length != steps:
        warnings.warn(
            f"With steps_per_epoch={steps}, each epoch starts where the one before ended, so a training that is "
            "resumed begins with other images than one without a break. To avoid this, shuffle the data set.",
            stacklevel=3,
        )
    return dataset, steps


def epochs_done(dataset: Any, steps_done: int) -> int:
    """Number of epochs done in `steps_done` steps, which determines the order of the next epoch.

    Args:
        dataset: The data that fit trains on.
        steps_done: Integer. Number of training steps done.

    Returns:
        Integer. If the length of the data is not known, `steps_done` itself.
    """
    length = int(dataset.cardinality()) if isinstance(dataset, tf.data.Dataset) else 1
    return steps_done // max(length, 1)
