import math
from typing import Any

import numpy as np
import tensorflow as tf

from keras_ssl.data.batches import with_attributes
from keras_ssl.data.image_and_label import image_and_label

# So many images at a time are floats, while an array is scaled.
_AT_ONCE = 256


def scale_pixels(images: Any, value_range: tuple[float, float]) -> Any:
    """Bring images whose values lie in another range to raw pixels in [0, 255].

    For 12 bits stored in 16, Hounsfield units, reflectances, or images in [-1, 1]. What is trained so must be
    evaluated and served so: keep `value_range`.

    Args:
        images: Array or tensor of images, of any shape, or a `tf.data.Dataset` of `images`, of `(images, labels)`
            or of dicts with the key "image".
        value_range: Pair (low, high) of numbers: the value that becomes 0, and the one that becomes 255. What lies
            beyond is cut off.

    Returns:
        The same kind of thing: integers as uint8, rounded, and floats as float32. Dicts become images or
        `(images, labels)`.

    Raises:
        ValueError: If `value_range` is no pair of finite numbers, the lower first.

    Example:

    >>> scans = np.array([[0, 2048, 4095]], dtype="uint16")
    >>> keras_ssl.data.scale_pixels(scans, value_range=(0, 4095))
    array([[  0, 128, 255]], dtype=uint8)
    """
    low, high = check_value_range(value_range)
    if isinstance(images, tf.data.Dataset):
        return with_attributes(image_and_label(images).map(lambda *row: _scale_row(row, low, high)), images)
    if tf.is_tensor(images):
        return _scale(images, low, high)
    images = np.asarray(images)
    if images.ndim == 0 or len(images) <= _AT_ONCE:
        return _scale(tf.constant(images), low, high).numpy()
    starts = range(0, len(images), _AT_ONCE)
    return np.concatenate([scale_pixels(images[start : start + _AT_ONCE], (low, high)) for start in starts])


def check_value_range(value_range):
    """`value_range` as two floats, or a `ValueError` that says what is wrong."""
    try:
        low, high = map(float, value_range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            "`value_range` must be (low, high), the values that become 0 and 255, such as (0, 4095) for 12 bits. "
            f"Received: value_range={value_range!r}"
        )
    return low, high


def _scale_row(row, low, high):
    images, *others = row
    return (_scale(images, low, high), *others) if others else _scale(images, low, high)


def _scale(images, low, high):
    # Whole numbers of 32 bits do not fit into a float32.
    values = tf.clip_by_value(tf.cast(images, tf.float64), low, high)
    pixels = (values - low) * (255.0 / (high - low))
    return tf.cast(pixels, tf.float32) if images.dtype.is_floating else tf.cast(tf.round(pixels), tf.uint8)
