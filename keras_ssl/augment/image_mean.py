import tensorflow as tf


def image_mean(images, weights):
    """Return the mean over each image's pixels, its channels weighed.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`.
        weights: Sequence of floats, one for each channel, with a sum of 1.

    Returns:
        Float tensor of shape `(batch,)`.
    """
    batch, height, width, channels = tf.unstack(tf.shape(images))
    # A sum along all pixels of an image adds one number at a time on a CPU, a sum of its rows many at once.
    columns = tf.reduce_sum(tf.reshape(images, (batch, height, width * channels)), axis=1)
    weights = tf.tile(tf.constant(weights, images.dtype), [width])
    return tf.linalg.matvec(columns, weights) / tf.cast(height * width, images.dtype)
