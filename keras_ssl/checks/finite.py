"""Checks for NaN and infinity in pixels, losses and weights: training stops before they are saved."""

from collections.abc import Sequence

import keras
import tensorflow as tf

# Reading a variable waits for the device, so it is not done after every batch.
BATCHES_BETWEEN_LOOKS = 50
_DIVERGED = "Use a lower learning rate or a longer warm-up, or clip gradients"
_BAD_PIXELS = "images with pixels that are NaN or infinite"
_EMPTY = "a batch with fewer images than replicas"
_NO_EMPTY_REPLICA = (
    "Pass the tf.data.Dataset itself, so that such a batch is left out, or give each replica as many batches as the "
    "others"
)


def all_finite(images: tf.Tensor) -> tf.Tensor:
    """Return whether all pixels of a batch are finite, a scalar boolean tensor."""
    return tf.reduce_all(tf.math.is_finite(images)) if images.dtype.is_floating else tf.constant(True)


def check_finite_weights(model: keras.Model) -> None:
    """Raise a ValueError if a weight of `model` has NaN or infinity.

    Called before weights are saved: in checkpoints, `encoder.keras` and exports.

    Args:
        model: A `keras.Model`.
    """
    if broken := broken_weights(model):
        raise ValueError(
            f"Weights of {model.name} are not finite (NaN or infinity), so nothing is written. {_DIVERGED}. "
            f"Received: {len(broken)} of {len(model.weights)} weights, the first {broken[0]}"
        )


class NotFinite:
    """Records the first step of a compiled fit whose loss was not finite, for `StopNotFinite` to read.

    Also counts, over all replicas, the steps with pixels that were not finite, and the steps without images.
    """

    def __init__(self):
        # Not weights, because they do not belong to the model: they are neither saved nor synchronized.
        self._first_step = _recorded(-1, tf.int64, tf.VariableAggregation.ONLY_FIRST_REPLICA)
        self._bad_and_empty = _recorded([0, 0], tf.float32, tf.VariableAggregation.SUM)

    def record(self, step: tf.Tensor, loss: tf.Tensor, finite_pixels: tf.Tensor, rows: int | tf.Tensor) -> None:
        """Record the outcome of a step.

        Args:
            step: Scalar int64 tensor. Number of the step.
            loss: Scalar float tensor. The loss of all replicas.
            finite_pixels: Scalar boolean tensor. Whether the images of this replica were finite.
            rows: Integer or scalar int32 tensor. Number of images of this replica.
        """
        first = tf.logical_and(self._first_step < 0, tf.logical_not(tf.math.is_finite(loss)))
        self._first_step.assign(tf.where(first, tf.cast(step, tf.int64), self._first_step))
        causes = [tf.logical_not(finite_pixels), tf.equal(rows, 0)]
        self._bad_and_empty.assign_add(tf.cast(tf.stack(causes), tf.float32))

    def read(self) -> tuple | None:
        """Return the first bad step, whether there were bad pixels and empty replicas, or `None` if all is well."""
        first_step = int(self._first_step.numpy())
        return None if first_step < 0 else (first_step, *(tf.convert_to_tensor(self._bad_and_empty).numpy() > 0))

    def reset(self) -> None:
        """Clear the record."""
        self._first_step.assign(-1)
        self._bad_and_empty.assign(tf.zeros(2))


class StopNotFinite(keras.callbacks.Callback):
    """Stops a fit or an evaluation with an error when pixels, losses or weights are not finite.

    A compiled step cannot raise errors about values. It records them, and this callback checks them: every few
    batches, and at the end of each epoch, before other callbacks save anything.

    Args:
        noted: The `NotFinite` that the step records into.
        method: String. Name of the method, for the messages.
        callbacks: The other callbacks of the fit. Those with an attribute `newest`, such as `callbacks.Checkpoint`,
            name the last good checkpoint in the message. Defaults to `()`.
    """

    def __init__(self, noted: NotFinite, method: str, callbacks: Sequence[keras.callbacks.Callback] = ()) -> None:
        super().__init__()
        noted.reset()
        self._recorded = noted
        self._method = method
        self._others = callbacks
        self._unread = BATCHES_BETWEEN_LOOKS

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Check every few batches."""
        self._unread += 1
        if self._unread > BATCHES_BETWEEN_LOOKS:
            self._unread = 0
            self._look(self._say_of_training)

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Check the training before an evaluation begins."""
        self._look(self._say_of_training)

    def on_test_end(self, logs: dict | None = None) -> None:
        """Check the evaluation."""
        self._look(self._say_of_evaluation)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Check the loss, and the weights, which can be NaN when the loss is not: relu(NaN) is 0 on a CPU."""
        self._look(self._say_of_training)
        if broken := broken_weights(self.model):
            raise ValueError(
                f"{self._method} has weights that are not finite (NaN or infinity), so the training stopped "
                f"after step {int(tf.convert_to_tensor(self.model.step))}, {self._circumstances()}. {_DIVERGED}. "
                f"Received: {len(broken)} of {len(self.model.weights)} weights, the first {broken[0]}"
            )

    def _look(self, say):
        if (found := self._recorded.read()) is not None:
            raise ValueError(say(*found))

    def _say_of_training(self, step, bad_pixels, empty):
        if bad_pixels:
            return (
                f"{self._method} found pixels that are not finite (NaN or infinity) in step {step}: leave "
                f"such images out of the data, or repair them with tf.where. The weights may be NaN by now, "
                f"{self._circumstances()}. Received: {_BAD_PIXELS}"
            )
        if empty:
            return (
                f"{self._method} had a replica without images in step {step}, so its loss is undefined. "
                f"{_NO_EMPTY_REPLICA}. The weights may be NaN by now, {self._circumstances()}. Received: {_EMPTY}"
            )
        return (
            f"{self._method} diverged: its loss is not finite since step {step}, {self._circumstances()}. "
            f"{_DIVERGED}. Received: a loss that is NaN or infinite"
        )

    def _say_of_evaluation(self, step, bad_pixels, empty):
        if bad_pixels:
            return (
                f"{self._method} found pixels that are not finite (NaN or infinity) in the held-out images, "
                "so these have no loss: leave such images out, or repair them with tf.where. "
                f"Received: {_BAD_PIXELS}"
            )
        if empty:
            return (
                f"{self._method} had a replica without held-out images, so its loss is undefined. "
                f"{_NO_EMPTY_REPLICA}. Received: {_EMPTY}"
            )
        broken = broken_weights(self.model)
        return (
            f"{self._method} has no finite loss on the held-out images, whose pixels are finite: its weights are "
            f"{'NaN or infinite' if broken else 'too large'}. Evaluate an earlier checkpoint. "
            f"Received: a loss that is NaN or infinite, after {step} steps of training"
        )

    def _circumstances(self):
        """Return the learning rate, and the last good checkpoint if there is one."""
        rates = " and ".join(f"{rate:.4g}" for rate in _learning_rates(self.model))
        kept = [newest for newest in (getattr(callback, "newest", None) for callback in self._others) if newest]
        return f"at a learning rate of {rates or 'no optimizer'}; " + (
            f"the last good checkpoint is {kept[-1]}" if kept else "there is no checkpoint"
        )


def broken_weights(model: keras.Model) -> list[str]:
    """Return the paths of the weights with NaN or infinity."""
    weights = [weight for weight in model.weights if keras.backend.is_float_dtype(weight.dtype)]
    finite = [tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(weight))) for weight in weights]
    # One transfer from the device for all weights.
    finite = tf.stack(finite).numpy() if finite else []
    return [weight.path for weight, fine in zip(weights, finite, strict=True) if not fine]


def _recorded(value, dtype, aggregation):
    return tf.Variable(
        tf.constant(value, dtype),
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=aggregation,
    )


def _learning_rates(model):
    """Return the current learning rate of each optimizer of a method."""
    optimizers = [value for value in vars(model).values() if isinstance(value, keras.Optimizer)]
    optimizers = [part for optimizer in optimizers for part in getattr(optimizer, "_inner_optimizers", [optimizer])]
    return [float(tf.convert_to_tensor(optimizer.learning_rate)) for optimizer in optimizers]
