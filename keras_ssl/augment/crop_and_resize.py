import math
from typing import Any

import tensorflow as tf

# Up to this many pixels per output pixel, gathering is faster than a matrix product and still compiles fast.
MOST_TAPS = 8


def crop_and_resize(
    images: tf.Tensor,
    boxes: Any,
    image_size: tuple[int, int],
    mirror: tf.Tensor | None = None,
    antialias: bool = True,
    largest: float = 1.0,
) -> tf.Tensor:
    """Crop a box out of each image and resize it with bilinear weights.

    Bilinear interpolation is separable: the rows are resampled, then the columns. Along each axis, output pixel `i`
    of `n` is centered at `p = start + (i + 0.5) * length / n`. It weights input pixel `j`, whose center is `j + 0.5`,
    by the triangle `max(0, 1 - abs(p - j - 0.5) / r)`, normalized to a sum of 1 over the image. The radius `r` is 1,
    so that two neighbors count; with `antialias` it is at least the width of an output pixel, `length / n`. These are
    the conventions of `tf.image.resize`: with a box of the whole image the results are equal.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`.
        boxes: Float tensor of shape `(batch, 4)`. Top, left, height and width in pixels, fractions allowed, inside
            the image.
        image_size: Pair of integers `(height, width)`. Size of the output.
        mirror: Boolean tensor of shape `(batch,)`. Which boxes to flip horizontally. Defaults to `None`: none.
        antialias: Boolean. Whether to average boxes larger than the output instead of sampling them. Defaults to
            `True`.
        largest: Float. Largest height and width of a box, as a share of the image's. Defaults to `1.0`.

    Returns:
        Float tensor of shape `(batch, *image_size, channels)`.

    Example:

    >>> images = tf.random.uniform((1, 64, 64, 3), maxval=255.0)
    >>> keras_ssl.augment.crop_and_resize(images, [[16.0, 8.0, 32.0, 40.0]], (24, 24)).shape
    TensorShape([1, 24, 24, 3])
    """
    top, left, height, width = tf.unstack(tf.convert_to_tensor(boxes), axis=1)
    if mirror is not None:
        # A negative width makes the box run from right to left.
        left, width = tf.where(mirror, left + width, left), tf.where(mirror, -width, width)
    rows = _resample(images, top, height, image_size[0], 1, antialias, largest)
    return _resample(rows, left, width, image_size[1], 2, antialias, largest)


def _resample(images, start, length, size, axis, antialias, largest):
    step = length[:, tf.newaxis] / size
    centers = start[:, tf.newaxis] + (tf.range(size, dtype=images.dtype) + 0.5) * step - 0.5
    centers = tf.clip_by_value(centers, -0.5, tf.cast(tf.shape(images)[axis], images.dtype) - 0.5)
    radius = tf.maximum(tf.abs(step), 1.0) if antialias else tf.ones_like(step)
    pixels = images.shape[axis]
    taps = 2 if not antialias else pixels and max(2, math.ceil(2 * largest * pixels / size))
    resample = _gather_pixels if taps and taps <= MOST_TAPS else _multiply_pixels
    return resample(images, centers, radius, axis, taps)


def _gather_pixels(images, centers, radius, axis, taps):
    last = tf.cast(tf.shape(images)[axis] - 1, centers.dtype)
    first = tf.floor(centers - radius) + 1.0
    positions = [first + float(tap) for tap in range(taps)]
    weights = [
        tf.where((position >= 0.0) & (position <= last), _triangle(position - centers, radius), 0.0)
        for position in positions
    ]
    total = tf.add_n(weights)
    result = 0.0
    for position, weight in zip(positions, weights, strict=True):
        index = tf.cast(tf.clip_by_value(position, 0.0, last), tf.int32)
        weight = tf.expand_dims(tf.expand_dims(weight / total, 3 - axis), 3)
        result += tf.gather(images, index, axis=axis, batch_dims=1) * weight
    return result


def _multiply_pixels(images, centers, radius, axis, _):
    positions = tf.range(tf.shape(images)[axis], dtype=tf.int32)
    distances = tf.cast(positions, centers.dtype) - centers[:, :, tf.newaxis]
    weights = _triangle(distances, radius[:, :, tf.newaxis])
    weights /= tf.reduce_sum(weights, axis=2, keepdims=True)
    return tf.einsum("boh,bhwc->bowc" if axis == 1 else "bow,bhwc->bhoc", weights, images)


def _triangle(distances, radius):
    return tf.nn.relu(1.0 - tf.abs(distances) / radius)
