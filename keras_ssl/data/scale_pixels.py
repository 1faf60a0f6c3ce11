import math
from typing import Any

import numpy as np
import tensorflow as tf

from keras_ssl.data.batches import with_attributes
from keras_ssl.data.image_and_label import image_and_label

# Number of images of an array that are scaled, and are floats, at a time.
_AT_ONCE = 256


def scale_pixels(images: Any, value_range: tuple[float, float]) -> Any:
    """Scale images with values in another range to raw pixels in [0, 255].

    For 12 bits stored in 16, Hounsfield units, reflectances, or images in [-1, 1]. Use the same `value_range` for
    evaluation and serving as for training.

    Args:
        images: Array or tensor of images, of any shape, or a `tf.data.Dataset` of `images`, of `(images, labels)`
            or of dicts with the key "image".
        value_range: Pair `(low, high)` of numbers. The values that become 0 and 255. Values outside are clipped.

    Returns:
        An array, tensor or data set like `images`. Integers become uint8, rounded, and floats float32. Dicts become
        images or `(images, labels)`.

    Raises:
        ValueError: If `value_range` is not a pair of finite numbers, the lower first.

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


def check_value_range(value_range: Any) -> tuple[float, float]:
    """Return `value_range` as two floats; raise a `ValueError` if it is invalid."""
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
    # A float32 cannot hold all integers of 32 bits.
    values = tf.clip_by_value(tf.cast(images, tf.float64), low, high)
    pixels = (values - low) * (255.0 / (high - low))
    return tf.cast(pixels, tf.float32) if images.dtype.is_floating else tf.cast(tf.round(pixels), tf.uint8)
