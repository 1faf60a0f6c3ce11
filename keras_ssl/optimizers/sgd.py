from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_ssl")
class SGD(keras.optimizers.SGD):
    """Stochastic gradient descent with L2 regularization, the "weight decay" of PyTorch's recipes.

    Keras' own `weight_decay` is decoupled: it shrinks the weights by `learning_rate * weight_decay` beside the
    update. `torch.optim.SGD(weight_decay=…)`, and so MoCo's, SimSiam's and most published settings, mean the gradient
    of an L2 penalty, which goes through the momentum too: with momentum 0.9 it decays ten times as much for the same
    number. Give that one as `l2`; `weight_decay` stays Keras'.

    ```python
    gradient = gradient + l2 * variable
    velocity = momentum * velocity - learning_rate * gradient
    variable = variable + velocity
    ```

    PyTorch applies the learning rate to the velocity rather than to the gradient, which is the same as long as it is
    constant, and nearly so while it changes slowly.

    Args:
        learning_rate: Float, or a `keras.optimizers.schedules.LearningRateSchedule`. Defaults to `0.01`.
        momentum: Float in `[0, 1]`. Defaults to `0.0`.
        nesterov: Boolean: whether to apply Nesterov momentum. Defaults to `False`.
        l2: Float >= 0: the factor of the weights that is added to their gradient. Defaults to `0.0`.
        exclude_bias_and_norm: Boolean: whether variables of rank 1 or less (biases, and the scales and shifts of
            normalization layers) go without `l2`. Defaults to `False`, as in PyTorch.
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

    def update_step(self, gradient, variable, learning_rate):
        """Update `variable` along its gradient and penalty."""
        super().update_step(self.direction(gradient, variable), variable, learning_rate)

    def direction(self, gradient, variable):
        """Return the gradient with the L2 penalty."""
        # The gradient of an embedding is sparse; the penalty is not.
        gradient = tf.cast(tf.convert_to_tensor(gradient), variable.dtype)
        return gradient if self.is_excluded(variable) else gradient + self.l2 * variable

    def is_excluded(self, variable):
        """Return whether `variable` is a bias or normalization parameter without penalty."""
        return self.exclude_bias_and_norm and len(variable.shape) <= 1

    def get_config(self):
        """Return what rebuilds the optimizer."""
        return {
            **super().get_config(),
            "l2": self.l2,
            "exclude_bias_and_norm": self.exclude_bias_and_norm,
        }
