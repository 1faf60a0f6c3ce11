import tensorflow as tf


def multiply_axis(images, weights, axis):
    """Mix the rows or the columns of each image by a matrix of its own.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`.
        weights: Float tensor of shape `(batch, new, old)`, `old` being the height or the width.
        axis: 1 for the rows, 2 for the columns.

    Returns:
        Float tensor of the shape of `images`, with `new` instead of `old`.
    """
    return tf.einsum("boh,bhwc->bowc" if axis == 1 else "bow,bhwc->bhoc", weights, images)
