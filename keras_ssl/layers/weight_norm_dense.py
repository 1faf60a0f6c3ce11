import keras
import tensorflow as tf

from keras_ssl.checks.arguments import check_count
from keras_ssl.layers.freezable_value import freezable_value


@keras.saving.register_keras_serializable("keras_ssl")
class WeightNormDense(keras.layers.Layer):
    """Dense layer without bias whose kernel has columns of length 1: `x @ (v / ‖v‖)`.

    Weight normalization with the gain fixed at 1, as in the last layer of DINO: no output can dominate by
    large weights. Computes in float32 under every dtype policy.

    Args:
        units: Integer > 0. Number of outputs. DINO has 65536 for ImageNet.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch, dim)`. DINO's have length 1: put `keras.layers.UnitNormalization` before.
        frozen: Boolean or scalar boolean tensor. Whether the kernel gets no gradient. Defaults to `False`.

    Returns:
        Float32 tensor of shape `(batch, units)`.

    Raises:
        ValueError: If `units` is not a positive integer.

    Example:

    >>> logits = keras_ssl.layers.WeightNormDense(10)(np.random.normal(size=(2, 16)))
    >>> logits.shape
    TensorShape([2, 10])

    Reference:

    - [Salimans and Kingma, 2016](https://arxiv.org/abs/1602.07868), equation 2
    - [Caron et al., 2021](https://arxiv.org/abs/2104.14294), appendix C, and
      [its code](https://github.com/facebookresearch/dino), `norm_last_layer`
    """

    def __init__(self, units: int, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        check_count("units", units)
        self.units = int(units)

    def build(self, input_shape: tuple) -> None:
        """Create the kernel."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            # As in PyTorch's linear layer. The scale matters: the shorter a column, the faster a step rotates it.
            initializer=keras.initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform"),
        )

    def call(self, inputs: tf.Tensor, frozen: bool | tf.Tensor = False) -> tf.Tensor:
        """Return the products with the columns of length 1, `(batch, units)`."""
        return tf.matmul(inputs, tf.math.l2_normalize(freezable_value(self.kernel, frozen), axis=0))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape `(batch, units)`."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "units": self.units}
