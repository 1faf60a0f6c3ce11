import warnings

import keras
import tensorflow as tf

from keras_ssl.data import set_epoch
from keras_ssl.data.batches import with_length
from keras_ssl.data.order import forgets_epochs, sources


class EpochOrder(keras.callbacks.Callback):
    """Tells the training data which epoch begins, so that its order is a function of (seed, epoch).

    Args:
        dataset: what fit trains on. Only data sets of `keras_ssl.data`, and what was derived from them, listen.
        epochs_before: int, epochs that an earlier fit has done and this one does not count.
    """

    def __init__(self, dataset, epochs_before=0):
        super().__init__()
        self._dataset = dataset
        self._epochs_before = epochs_before
        if forgets_epochs(dataset):
            warnings.warn(
                "`.shuffle` draws an order that depends on what ran before, and `.cache` repeats the first one, so "
                "this training cannot be replayed or resumed exactly; leave them out: data sets of keras_ssl.data "
                "have a new order in each epoch, and keep their images in memory by cache='memory'.",
                stacklevel=3,
            )

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the epoch before Keras starts to iterate."""
        set_epoch(self._dataset, self._epochs_before + epoch)


def epochs_of_steps(dataset, steps):
    """Gives a data set epochs of `steps` batches that can be replayed, if it supports them.

    Keras goes on through a data set from one epoch to the next if `steps_per_epoch` is given; a training that is
    resumed would begin it anew.

    Args:
        dataset: what fit trains on.
        steps: int, fit's `steps_per_epoch`, or None.

    Returns:
        The data set, and the `steps_per_epoch` that is left for Keras, or None.
    """
    found = [source for source, _ in sources(dataset)]
    length = int(dataset.cardinality()) if isinstance(dataset, tf.data.Dataset) else tf.data.UNKNOWN_CARDINALITY
    if not steps or not found or 0 <= length < steps:
        return dataset, steps
    if length != tf.data.UNKNOWN_CARDINALITY and all(source.shuffled for source in found):
        return with_length(dataset, steps), None
    if length != steps:
        warnings.warn(
            f"Epochs of steps_per_epoch={steps} go on through the data from one to the next, so a training that is "
            "resumed begins with other images than one without a break. Shuffle the data set to have it replayed.",
            stacklevel=3,
        )
    return dataset, steps


def epochs_done(dataset, steps_done):
    """Number of epochs done in `steps_done` steps, which determines the order of the next epoch.

    Args:
        dataset: what fit trains on.
        steps_done: int.

    Returns:
        int. Where the length is not known, another number for each number of steps.
    """
    length = int(dataset.cardinality()) if isinstance(dataset, tf.data.Dataset) else 1
    return steps_done // max(length, 1)
