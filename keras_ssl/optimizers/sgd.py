from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_ssl")
class SGD(keras.optimizers.SGD):
    """Stochastic gradient descent with L2 regularization, the "weight decay" of PyTorch's recipes.

    Keras' own `weight_decay` is decoupled: it shrinks the weights by `learning_rate * weight_decay`, separately from
    the update. In `torch.optim.SGD(weight_decay=…)`, and so in the settings of MoCo, SimSiam and most papers, it is
    the gradient of an L2 penalty. This goes through the momentum too: with momentum 0.9 the same number decays the
    weights ten times as much. Pass that number as `l2`; `weight_decay` keeps Keras' meaning.

    ```python
    gradient = gradient + l2 * variable
    velocity = momentum * velocity - learning_rate * gradient
    variable = variable + velocity
    ```

    PyTorch applies the learning rate to the velocity instead of the gradient. This is the same while the learning
    rate is constant, and nearly the same while it changes slowly.

    Args:
        learning_rate: Float, or a `keras.optimizers.schedules.LearningRateSchedule`. Defaults to `0.01`.
        momentum: Float in `[0, 1]`. Defaults to `0.0`.
        nesterov: Boolean. Whether to apply Nesterov momentum. Defaults to `False`.
        l2: Float >= 0. `l2 * variable` is added to the gradient. Defaults to `0.0`.
        exclude_bias_and_norm: Boolean. Whether to update variables of rank 1 or less (biases, and the scales and
            shifts of normalization layers) without `l2`. Defaults to `False`, as in PyTorch.
        **kwargs: The other arguments of `keras.optimizers.SGD`.

    Raises:
        ValueError: If `l2` is negative.

    Example:

    >>> optimizer = keras_ssl.optimizers.SGD(0.03, momentum=0.9, l2=1e-4)
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        l2: float = 0.0,
        exclude_bias_and_norm: bool = False,
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, momentum=momentum, nesterov=nesterov, **kwargs)
        if l2 < 0:
            raise ValueError(f"l2 must not be negative. Received: l2={l2}")
        self.l2 = l2
        self.exclude_bias_and_norm = exclude_bias_and_norm

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: Any) -> None:
        """Update `variable` with its gradient, the L2 penalty's included."""
        super().update_step(self.direction(gradient, variable), variable, learning_rate)

    def direction(self, gradient: tf.Tensor, variable: keras.Variable) -> tf.Tensor:
        """Return the gradient, including the L2 penalty's."""
        # The gradient of an embedding layer is sparse; the penalty and the norm are not.
        gradient = tf.cast(tf.convert_to_tensor(gradient), variable.dtype)
        return gradient if self.is_excluded(variable) else gradient + self.l2 * variable

    def is_excluded(self, variable: keras.Variable) -> bool:
        """Return whether `variable` is a bias or normalization parameter that gets no penalty."""
        return self.exclude_bias_and_norm and len(variable.shape) <= 1

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "l2": self.l2,
            "exclude_bias_and_norm": self.exclude_bias_and_norm,
        }
