import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_ssl")
class UpsampleLike(keras.layers.Layer):
    """Resizes a feature map to the height and width of another one, whatever these are.

    `keras.layers.UpSampling2D` doubles, which does not give back a side of odd length.

    Args:
        interpolation: String, `"nearest"` or `"bilinear"`. Defaults to `"nearest"`.
        **kwargs: Arguments of `keras.layers.Layer`.

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
        self.interpolation = interpolation

    def call(self, features, reference):
        """Return the resized features."""
        resized = tf.image.resize(features, tf.shape(reference)[1:3], method=self.interpolation)
        # tf.image.resize gives float32 for half precision.
        resized = tf.cast(resized, features.dtype)
        return tf.ensure_shape(resized, (features.shape[0], *reference.shape[1:3], features.shape[-1]))

    def compute_output_shape(self, features_shape, reference_shape):
        """Shape `(batch, new height, new width, channels)`."""
        return (features_shape[0], *reference_shape[1:3], features_shape[-1])

    def get_config(self):
        """Return the arguments that make an equal layer."""
        return {**super().get_config(), "interpolation": self.interpolation}
