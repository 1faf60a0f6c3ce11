import tensorflow as tf


def masked_pixel_error(predictions: tf.Tensor, images: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """SimMIM loss: mean absolute error of the predicted masked pixels.

    With M the masked pixels, each of all its channels (Xie et al. 2021, "SimMIM: a Simple Framework for Masked Image
    Modeling", equation 1, https://arxiv.org/abs/2111.09886; Ω counts elements):

        L = 1/Ω(x_M) ‖y_M − x_M‖₁

    Args:
        predictions: Float tensor of shape `(batch, height, width, channels)`: y.
        images: Float tensor of shape `(batch, height, width, channels)`: x.
        mask: Tensor of shape `(batch, height, width, 1)`: 1 or True where a pixel was masked. Every image has as
            many masked pixels as any other, so that the mean over images is the mean over pixels.

    Returns:
        Float32 scalar, a mean over the batch.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> images = tf.random.uniform((2, 8, 8, 3))
    >>> mask = tf.random.uniform((2, 8, 8, 1)) < 0.6
    >>> float(keras_ssl.losses.masked_pixel_error(images + 0.5, images, mask))
    0.5
    """
    mask = tf.cast(mask, tf.float32)
    error = tf.abs(tf.cast(predictions, tf.float32) - tf.cast(images, tf.float32))
    return tf.reduce_sum(mask * error) / (tf.reduce_sum(mask) * error.shape[-1])
