import tensorflow as tf

from keras_ssl.data.resize import scale_and_translation


def resize_mask(mask, image_size, resize="stretch", fill=255):
    """Resize a mask by nearest neighbor, with the geometry of `resize_images`.

    Args:
        mask: Integer tensor (height, width).
        image_size: The wanted (height, width).
        resize: `"stretch"`, `"crop"` or `"pad"`.
        fill: Integer: the id of the bars of `"pad"`. Defaults to 255.

    Returns:
        A tensor (height, width) of the dtype of `mask`.

    Example:

    >>> resize_mask(tf.constant([[1, 2]]), (2, 4)).numpy().tolist()
    [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    size = tf.shape(mask)
    scale, translation = scale_and_translation(size, image_size, resize)
    resized, inside = mask, []
    for axis in (0, 1):
        # The source pixel in which the center of each pixel lies.
        centers = tf.range(image_size[axis], dtype=tf.float32) + 0.5
        sources = tf.cast(tf.floor((centers - translation[axis]) / scale[axis]), tf.int32)
        inside.append((sources >= 0) & (sources < size[axis]))
        resized = tf.gather(resized, tf.clip_by_value(sources, 0, size[axis] - 1), axis=axis)
    if resize != "pad":
        # What rounding puts outside belongs to the edge.
        return tf.ensure_shape(resized, image_size)
    within = inside[0][:, None] & inside[1][None, :]
    return tf.ensure_shape(tf.where(within, resized, tf.cast(fill, mask.dtype)), image_size)
