import tensorflow as tf


def crop_boxes(boxes, windows, min_visible=0.3):
    """Moves the boxes of objects to where a crop of the image shows them.

    A coordinate `y` of the image lies at `(y - top) / height` of the window, and `x` likewise. Boxes are clipped to
    the window. A box is dropped if nothing or less than `min_visible` of its area is left: its row becomes -1. The
    order of the rows stays. Rows of -1, which stand for no object, stay -1.

    Args:
        boxes: Float tensor of shape `(batch, objects, 4)`: top, left, bottom and right in relative coordinates, 0
            to 1.
        windows: Float tensor of shape `(batch, 4)`: top, left, height and width of the part of each image that is
            shown, in the same coordinates. It may reach beyond the image. A negative height begins at the bottom,
            which flips the image vertically; a negative width begins at the right, which flips it horizontally.
        min_visible: Float in `[0, 1]`. Defaults to `0.3`.

    Returns:
        boxes: Float tensor of shape `(batch, objects, 4)`, relative to the window.
        kept: Boolean tensor of shape `(batch, objects)`, false for dropped boxes and for rows without an object.

    Example:

    >>> boxes, kept = keras_ssl.augment.crop_boxes([[[0.25, 0.5, 0.75, 1.0]]], [[0.0, 0.0, 0.5, 1.0]])
    >>> boxes.numpy().tolist(), kept.numpy().tolist()
    ([[[0.5, 0.5, 1.0, 1.0]]], [[True]])
    """
    boxes, windows = tf.convert_to_tensor(boxes), tf.convert_to_tensor(windows)
    begin, length = (part[:, tf.newaxis] for part in tf.split(windows, 2, axis=1))
    first, last = ((corner - begin) / length for corner in tf.split(boxes, 2, axis=2))
    # A flip swaps top and bottom, or left and right.
    first, last = tf.minimum(first, last), tf.maximum(first, last)
    area = tf.reduce_prod(last - first, axis=2)
    first, last = tf.clip_by_value(first, 0.0, 1.0), tf.clip_by_value(last, 0.0, 1.0)
    visible = tf.reduce_prod(last - first, axis=2)
    # Rows of -1 have no area.
    kept = (visible > 0.0) & (visible >= min_visible * area)
    return tf.where(kept[:, :, tf.newaxis], tf.concat((first, last), axis=2), -1.0), kept
