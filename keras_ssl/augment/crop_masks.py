import tensorflow as tf


def crop_masks(masks, boxes, image_size, outside=0):
    """Crops a box out of each mask and resizes it to the nearest neighbors: class ids cannot be averaged.

    The geometry is that of `crop_and_resize`, so a view and its mask fit. Along each axis, output pixel `i` of `n` is
    centered at `p = start + (i + 0.5) * length / n`, and takes the input pixel that `p` lies in, `floor(p)`.

    Args:
        masks: Tensor of shape `(batch, height, width)`, of any dtype.
        boxes: Float tensor of shape `(batch, 4)`: top, left, height and width in pixels, not necessarily whole. A
            negative height begins at the bottom and flips the mask vertically; a negative width begins at the right
            and flips it horizontally.
        image_size: Pair of integers `(height, width)`, the size of the output.
        outside: Value of the pixels whose center lies outside of the image. Defaults to `0`.

    Returns:
        Tensor of shape `(batch, *image_size)` and the dtype of `masks`.

    Example:

    >>> masks = np.array([[[1, 1, 2, 2], [3, 3, 4, 4]]], "uint8")
    >>> keras_ssl.augment.crop_masks(masks, [[0.0, 1.0, 2.0, 2.0]], (2, 2)).numpy().tolist()
    [[[1, 2], [3, 4]]]
    """
    masks = tf.convert_to_tensor(masks)
    top, left, height, width = tf.unstack(tf.convert_to_tensor(boxes), axis=1)
    rows, is_row = _nearest(top, height, tf.shape(masks)[1], image_size[0])
    columns, is_column = _nearest(left, width, tf.shape(masks)[2], image_size[1])
    masks = tf.gather(tf.gather(masks, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
    inside = is_row[:, :, tf.newaxis] & is_column[:, tf.newaxis, :]
    return tf.where(inside, masks, tf.cast(outside, masks.dtype))


def _nearest(start, length, pixels, size):
    """Indices of the input pixels that the output's take, and whether these exist, each of shape `(batch, size)`."""
    step = length[:, tf.newaxis] / size
    centers = start[:, tf.newaxis] + (tf.range(size, dtype=step.dtype) + 0.5) * step
    index = tf.cast(tf.floor(centers), tf.int32)
    return tf.clip_by_value(index, 0, pixels - 1), (index >= 0) & (index < pixels)
