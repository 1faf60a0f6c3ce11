import keras
import tensorflow as tf

from keras_ssl.checks.arguments import check_choice


@keras.saving.register_keras_serializable("keras_ssl")
class UpsampleLike(keras.layers.Layer):
    """Resizes a feature map to the height and width of another one, whatever these are.

    `keras.layers.UpSampling2D` doubles, which does not give back a side of odd length.

    Args:
        interpolation: String, `"nearest"` or `"bilinear"`. Defaults to `"nearest"`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If `interpolation` is neither.

    Call arguments:
        features: Tensor of shape `(batch, height, width, channels)`.
        reference: Tensor of shape `(batch, new height, new width, …)`.

    Returns:
        Tensor of shape `(batch, new height, new width, channels)`.

    Example:

    >>> keras_ssl.layers.UpsampleLike()(np.zeros((1, 3, 2, 8)), np.zeros((1, 5, 4, 1))).shape
    TensorShape([1, 5, 4, 8])
    """

    def __init__(self, interpolation: str = "nearest", **kwargs):
        super().__init__(**kwargs)
        check_choice("interpolation", interpolation, ("nearest", "bilinear"))
        self.interpolation = interpolation

    def call(self, features, reference):
        """Return the resized features."""
        rows, columns = (
            _weights(tf.shape(reference)[axis], tf.shape(features)[axis], self.interpolation, features.dtype)
            for axis in (1, 2)
        )
        # XLA has no gradient of tf.image.resize, but one of products with the weights of its rows and columns.
        resized = tf.einsum("oh,bhwc->bowc", rows, features)
        resized = tf.einsum("pw,bowc->bopc", columns, resized)
        return tf.ensure_shape(resized, (features.shape[0], *reference.shape[1:3], features.shape[-1]))

    def compute_output_shape(self, features_shape, reference_shape):
        """Shape `(batch, new height, new width, channels)`."""
        return (features_shape[0], *reference_shape[1:3], features_shape[-1])

    def get_config(self):
        """Return the arguments that make an equal layer."""
        return {**super().get_config(), "interpolation": self.interpolation}


def _weights(new, old, interpolation, dtype):
    """The weight of each of `old` pixels in each of `new` ones, `(new, old)`, as `tf.image.resize` has them."""
    center = (tf.range(new, dtype=tf.float32) + 0.5) * tf.cast(old, tf.float32) / tf.cast(new, tf.float32)
    if interpolation == "nearest":
        return tf.one_hot(tf.cast(center, tf.int32), old, dtype=dtype)
    last = tf.cast(old - 1, tf.float32)
    distance = tf.clip_by_value(center - 0.5, 0.0, last)[:, tf.newaxis] - tf.range(old, dtype=tf.float32)
    return tf.cast(tf.nn.relu(1.0 - tf.abs(distance)), dtype)
