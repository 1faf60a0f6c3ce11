"""Check of the first batch outside the compiled step, which cannot raise errors about values."""

from collections.abc import Callable

import keras
import tensorflow as tf


class LastBatch:
    """Keeps numbers about the last batch of a compiled step, for `FirstBatchCheck` to read.

    Args:
        count: Integer > 0. How many numbers.
    """

    def __init__(self, count: int) -> None:
        # Not a weight, because it does not belong to the model: it is neither saved nor synchronized.
        self._seen = tf.Variable(
            tf.zeros(count),
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def record(self, *numbers: tf.Tensor) -> None:
        """Store the numbers of a batch, scalar tensors."""
        self._seen.assign(tf.stack([tf.cast(number, tf.float32) for number in numbers]))

    def read(self) -> list[float]:
        """Return the numbers of the last batch, a list of floats; zeros before the first batch."""
        return self._seen.numpy().tolist()


class FirstBatchCheck(keras.callbacks.Callback):
    """Checks the first batch of a fit or an evaluation, and stops if nothing can be learned from such batches.

    A compiled step cannot raise errors about values. It stores them, and this callback checks them.

    Args:
        check: Function without arguments. Raise a ValueError to stop.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__()
        self._check = check
        self._checked = False

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Start again, because held-out images are not those of the training."""
        self._checked = False

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Check the first batch only, because reading a variable waits for the device."""
        if not self._checked:
            self._check()
            self._checked = True

    on_test_batch_end = on_train_batch_end
