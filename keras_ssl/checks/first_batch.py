"""A look at the first batch of a compiled step, which cannot itself raise an error about values."""

import keras
import tensorflow as tf


class LastBatch:
    """Remembers numbers about the last batch of a compiled step, for `FirstBatchCheck` to read them outside.

    Args:
        count: positive int, how many numbers.
    """

    def __init__(self, count):
        # Not a weight: it says nothing of the model, so it is neither saved nor synchronised.
        self._seen = tf.Variable(
            tf.zeros(count),
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def record(self, *numbers):
        """Takes down the numbers of a batch, scalar tensors."""
        self._seen.assign(tf.stack([tf.cast(number, tf.float32) for number in numbers]))

    def read(self):
        """The numbers last noted, a list of floats; zeros where nothing was."""
        return self._seen.numpy().tolist()


class FirstBatchCheck(keras.callbacks.Callback):
    """Stops a fit or an evaluation after its first batch when nothing can be learned from such batches.

    A compiled step cannot raise an error about values, so it notes them, and they are looked at here.

    Args:
        check: function without arguments that raises a ValueError then.
    """

    def __init__(self, check):
        super().__init__()
        self._check = check
        self._checked = False

    def on_test_begin(self, logs=None):
        """Held-out images are others than those of the training that they interrupt."""
        self._checked = False

    def on_train_batch_end(self, batch, logs=None):
        """Checks the first batch, then nothing more: reading a variable waits for the device."""
        if not self._checked:
            self._check()
            self._checked = True

    on_test_batch_end = on_train_batch_end
