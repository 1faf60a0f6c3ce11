import math

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_ssl")
class CosineMomentum(keras.optimizers.schedules.LearningRateSchedule):
    """Schedule for the momentum of a momentum (EMA) encoder, rising along half a cosine.

    The momentum encoder is updated by `target = momentum * target + (1 - momentum) * network`. With BYOL's schedule
    the updates become smaller and stop at the end:
    `momentum = 1 - (1 - initial) * (cos(pi * step / total_steps) + 1) / 2`. In general, it rises from `initial` to
    `final`.

    Args:
        total_steps: Integer > 0. Steps of the whole training. After them the momentum stays at `final`.
        initial: Float in `[0, 1]`. Momentum at step 0. Defaults to `0.996`, as in BYOL and DINO.
        final: Float in `[0, 1]`, not below `initial`. Momentum at the end. Defaults to `1.0`.

    Call arguments:
        step: Integer or scalar integer tensor. Number of steps so far.

    Returns:
        The momentum, a float32 scalar.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> momentum = keras_ssl.optimizers.CosineMomentum(total_steps=1000, initial=0.9)
    >>> [round(float(momentum(step)), 3) for step in (0, 500, 1000)]
    [0.9, 0.95, 1.0]

    Reference:

    - [Grill et al., 2020](https://arxiv.org/abs/2006.07733), section 3.2
    """

    def __init__(self, total_steps: int, initial: float = 0.996, final: float = 1.0):
        super().__init__()
        if total_steps <= 0:
            raise ValueError(f"total_steps must be positive. Received: total_steps={total_steps}")
        if not 0 <= initial <= final <= 1:
            raise ValueError(
                "Momentum must rise within [0, 1]: 0 <= initial <= final <= 1. "
                f"Received: initial={initial}, final={final}"
            )
        self.total_steps = total_steps
        self.initial = initial
        self.final = final

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        """Return the momentum after `step` steps."""
        progress = tf.minimum(tf.cast(step, "float32") / self.total_steps, 1.0)
        return self.final - (self.final - self.initial) * (tf.cos(math.pi * progress) + 1.0) / 2.0

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {"total_steps": self.total_steps, "initial": self.initial, "final": self.final}
