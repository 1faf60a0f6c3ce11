import tensorflow as tf

from keras_ssl.checks.images import check_square

#: Turns by 0, 90, 180 and 270 degrees.
ROTATIONS = 4


def all_rotations(images):
    """Every image in its four right-angle rotations, and which is which.

    Exact, by transposes and flips: a turn by any other angle would interpolate, and could be told by that (Gidaris et
    al. 2018, "Unsupervised Representation Learning by Predicting Image Rotations", https://arxiv.org/abs/1803.07728,
    section 2.2).

    Args:
        images: (batch, side, side, channels) tensor.

    Returns:
        A tuple of the rotated images, (4 * batch, side, side, channels), rotation after rotation, and their labels,
        (4 * batch,) int32: how many quarter turns against the clock.

    Raises:
        ValueError: when the images are not square.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (8, 32, 32, 3), dtype="uint8")
    >>> rotated, labels = keras_ssl.pretext.all_rotations(images)
    >>> rotated.shape, labels.shape
    (TensorShape([32, 32, 32, 3]), TensorShape([32]))
    """
    images = tf.convert_to_tensor(images)
    check_square(images.shape[1:])
    transposed = tf.transpose(images, (0, 2, 1, 3))
    rotated = (images, tf.reverse(transposed, (1,)), tf.reverse(images, (1, 2)), tf.reverse(transposed, (2,)))
    return tf.concat(rotated, axis=0), tf.repeat(tf.range(ROTATIONS), tf.shape(images)[0])
