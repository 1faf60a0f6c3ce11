import keras
import tensorflow as tf

from keras_ssl.checks.arguments import check_count
from keras_ssl.layers.freezable_value import freezable_value


@keras.saving.register_keras_serializable("keras_ssl")
class Prototypes(keras.layers.Layer):
    """Cosine similarities of embeddings with learned prototypes (cluster centers).

    The last layer of SwAV: a linear map without bias whose columns are the prototypes. After every step of the
    optimizer, a `keras.constraints.UnitNorm` scales them back to length 1. Computes in float32 under every dtype
    policy.

    Args:
        units: Integer > 1. Number of prototypes. SwAV has 3000 for ImageNet, several times the number of classes.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        embeddings: Tensor of shape `(batch, dim)`. They are normalized here.
        frozen: Boolean or scalar boolean tensor. Whether the prototypes get no gradient. Defaults to `False`.

    Returns:
        Float32 tensor of shape `(batch, units)`, values in `[-1, 1]`.

    Raises:
        ValueError: If `units` is not an integer above 1: a single prototype would fit all images.

    Example:

    >>> scores = keras_ssl.layers.Prototypes(10)(np.random.normal(size=(2, 16)))
    >>> scores.shape
    TensorShape([2, 10])

    Reference:

    - [Caron et al., 2020](https://arxiv.org/abs/2006.09882), section 3.1, and
      [its code](https://github.com/facebookresearch/swav)
    """

    def __init__(self, units: int, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        check_count("units", units)
        if units < 2:
            raise ValueError(
                f"A single prototype would fit all images, so units must be at least 2. Received: units={units}"
            )
        self.units = int(units)

    def build(self, input_shape: tuple) -> None:
        """Create the prototypes as random directions."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer=_random_columns,
            constraint=keras.constraints.UnitNorm(axis=0),
            # The constraint computes the same value on all replicas.
            aggregation="only_first_replica",
        )

    def call(self, embeddings: tf.Tensor, frozen: bool | tf.Tensor = False) -> tf.Tensor:
        """Return the cosine similarities, `(batch, units)`."""
        kernel = freezable_value(self.kernel, frozen)
        return tf.matmul(tf.math.l2_normalize(embeddings, axis=-1), kernel)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape `(batch, units)`."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "units": self.units}


def _random_columns(shape, dtype=None):
    return tf.math.l2_normalize(keras.initializers.RandomNormal(stddev=1.0)(shape, dtype=dtype), axis=0)
