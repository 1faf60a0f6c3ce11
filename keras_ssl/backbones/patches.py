import tensorflow as tf


def to_patches(images, patch_size):
    """Cut images into squares, row by row, and flatten each.

    Args:
        images: Tensor `(batch, height, width, channels)`.
        patch_size: Integer > 0 that divides height and width.

    Returns:
        Tensor `(batch, patches, patch_size * patch_size * channels)` of the same dtype: within a patch row by row,
        the channels of a pixel side by side.

    Example:

    >>> to_patches(np.zeros((2, 32, 32, 3)), 4).shape
    TensorShape([2, 64, 48])
    """
    height, width, channels = images.shape[1:]
    rows, columns = height // patch_size, width // patch_size
    split = tf.reshape(images, (-1, rows, patch_size, columns, patch_size, channels))
    return tf.reshape(tf.transpose(split, (0, 1, 3, 2, 4, 5)), (-1, rows * columns, patch_size**2 * channels))


def from_patches(patches, patch_size, image_shape):
    """Put images together from patches: the inverse of `to_patches`.

    Args:
        patches: Tensor `(batch, patches, patch_size * patch_size * channels)`.
        patch_size: Integer > 0 that divides height and width.
        image_shape: `(height, width, channels)` of an image.

    Returns:
        Tensor `(batch, height, width, channels)` of the same dtype.

    Example:

    >>> from_patches(np.zeros((2, 64, 48)), 4, (32, 32, 3)).shape
    TensorShape([2, 32, 32, 3])
    """
    height, width, channels = image_shape
    split = tf.reshape(patches, (-1, height // patch_size, width // patch_size, patch_size, patch_size, channels))
    return tf.reshape(tf.transpose(split, (0, 1, 3, 2, 4, 5)), (-1, height, width, channels))
