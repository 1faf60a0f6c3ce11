from typing import Any

import keras
import tensorflow as tf

from keras_ssl.optimizers.sgd import SGD


@keras.saving.register_keras_serializable("keras_ssl")
class LARS(SGD):
    """Layer-wise adaptive rate scaling: SGD with each layer's step in proportion to the norm of its weights.

    For batches of thousands of images, where one learning rate is too large for some layers and too small for others.
    This is the variant of SimCLR's code: first the gradient of the L2 penalty is added, then the trust ratio is
    computed from the sum. As in the paper, the velocity accumulates steps that include the learning rate.

    ```python
    gradient = gradient + l2 * variable
    trust = trust_coefficient * norm(variable) / norm(gradient)  # 1 where either norm is 0
    velocity = momentum * velocity - learning_rate * trust * gradient
    variable = variable + velocity
    ```

    You et al. divide by `norm(gradient) + l2 * norm(variable)` instead, with the gradient before the penalty. By the
    triangle inequality their step is never longer, and without `l2` both are the same. Biases and the scales and
    shifts of normalization layers are updated by plain SGD, without trust ratio or penalty.

    Args:
        learning_rate: Float, or a `keras.optimizers.schedules.LearningRateSchedule`; see
            `keras_ssl.optimizers.scaled_cosine`. SimCLR's is `0.3 * batch_size / 256`. Defaults to `0.3`.
        momentum: Float in `[0, 1]`. Defaults to `0.9`.
        nesterov: Boolean. Whether to apply Nesterov momentum. Defaults to `False`.
        l2: Float >= 0. `l2 * variable` is added to the gradient. Defaults to `1e-6` (SimCLR, section 2.2). Keras'
            decoupled weight decay is `weight_decay`.
        trust_coefficient: Float > 0. Relative change of a layer's weights in one step at a learning rate of 1.
            Defaults to `0.001` (You et al., section 5).
        exclude_bias_and_norm: Boolean. Whether to update variables of rank 1 or less without trust ratio and `l2`.
            Defaults to `True`.
        **kwargs: The other arguments of `keras.optimizers.SGD`.

    Raises:
        ValueError: If `l2` is negative or `trust_coefficient` is not positive.

    Example:

    >>> learning_rate = keras_ssl.optimizers.scaled_cosine(0.3, 4096, total_steps=31_200, warmup_steps=3_120)
    >>> optimizer = keras_ssl.optimizers.LARS(learning_rate)

    Reference:

    - [You et al., 2017](https://arxiv.org/abs/1708.03888), algorithm 1
    - [SimCLR's code](https://github.com/google-research/simclr/blob/master/lars_optimizer.py)
    """

    def __init__(
        self,
        learning_rate: Any = 0.3,
        momentum: float = 0.9,
        nesterov: bool = False,
        l2: float = 1e-6,
        trust_coefficient: float = 0.001,
        exclude_bias_and_norm: bool = True,
        **kwargs,
    ):
        super().__init__(learning_rate, momentum, nesterov, l2, exclude_bias_and_norm, **kwargs)
        if trust_coefficient <= 0:
            raise ValueError(f"trust_coefficient must be positive. Received: trust_coefficient={trust_coefficient}")
        self.trust_coefficient = trust_coefficient

    def direction(self, gradient: tf.Tensor, variable: keras.Variable) -> tf.Tensor:
        """Return the gradient, including the L2 penalty's, times the layer's trust ratio."""
        gradient = super().direction(gradient, variable)
        if self.is_excluded(variable):
            return gradient
        weight_norm, gradient_norm = tf.norm(variable), tf.norm(gradient)
        trust = tf.where(
            (weight_norm > 0) & (gradient_norm > 0), self.trust_coefficient * weight_norm / gradient_norm, 1.0
        )
        return trust * gradient

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "trust_coefficient": self.trust_coefficient}
