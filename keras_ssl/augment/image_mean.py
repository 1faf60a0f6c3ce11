from collections.abc import Sequence

import tensorflow as tf


def image_mean(images: tf.Tensor, weights: Sequence[float]) -> tf.Tensor:
    """Mean of each image's pixels, with weighted channels.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`.
        weights: Sequence of floats. One weight for each channel; they sum to 1.

    Returns:
        Float tensor of shape `(batch,)`.
    """
    batch, height, width, channels = tf.unstack(tf.shape(images))
    # On a CPU, summing over the rows vectorizes; summing over all pixels of an image does not.
    columns = tf.reduce_sum(tf.reshape(images, (batch, height, width * channels)), axis=1)
    weights = tf.tile(tf.constant(weights, images.dtype), [width])
    return tf.linalg.matvec(columns, weights) / tf.cast(height * width, images.dtype)
