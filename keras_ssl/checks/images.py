"""Checks of images: shapes, dtypes and pixel values of arrays and batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from keras_ssl.checks.arguments import is_count

# Advice in the messages about values above 255.
SAY_RANGE = (
    "Say which values are black and white: keras_ssl.data.scale_pixels(images, value_range=(0, 4095)) for 12 bits, "
    "(0, 65535) for 16"
)


def refuse_beyond_255(images: np.ndarray, expectation: str) -> None:
    """Raise a ValueError if an array has NaN or values above 255. The message begins with `expectation`."""
    if images.dtype != np.uint8 and images.size and not images.max() <= 255:
        raise ValueError(
            f"{expectation} raw pixels in [0, 255]. {SAY_RANGE}. "
            f"Received: pixels from {images.min():.5g} to {images.max():.5g}"
        )


def check_image_shape(image_shape: Any, total_stride: int) -> tuple[int, int, int]:
    """Return `image_shape` as (height, width, channels). Raise a ValueError unless it is the shape of an image."""
    try:
        shape = tuple(image_shape)
    except TypeError:
        shape = ()
    if len(shape) == 4:
        raise ValueError(
            "image_shape is the shape of one image, (height, width, channels), without the batch dimension. "
            f"Received: image_shape={image_shape}"
        )
    if len(shape) == 2:
        raise ValueError(
            "image_shape must end with the number of channels: (height, width, 1) for gray images. "
            f"Received: image_shape={image_shape}"
        )
    if len(shape) != 3 or not all(is_count(size) for size in shape):
        raise ValueError(
            "image_shape must be three positive integers, (height, width, channels). Resize images of different "
            f"sizes first, as keras_ssl.data does. Received: image_shape={image_shape}"
        )
    if min(shape[:2]) < total_stride:
        raise ValueError(
            f"This network divides height and width by {total_stride}, so the images need at least {total_stride} "
            "pixels on each side: resize them, or choose a smaller network or stem. "
            f"Received: image_shape={image_shape}"
        )
    height, width, channels = map(int, shape)
    return height, width, channels


def check_images(
    shape: Sequence[int | None] | tf.TensorShape,
    dtype: Any,
    input_shape: Sequence[int | None],
    minimum_batch: int,
    method: str,
) -> None:
    """Raise a ValueError unless a batch of `shape` and `dtype` can be images for the encoder.

    Dimensions that are unknown while tracing (`None`) pass.

    Args:
        shape: Shape of the batch.
        dtype: Data type of the batch.
        input_shape: Input shape of the encoder, `(None, height, width, channels)`.
        minimum_batch: Integer > 0. Fewest images that a step can learn from.
        method: String. Name of the method, for the messages.
    """
    shape, dtype = tf.TensorShape(shape), tf.as_dtype(dtype)
    expected = "(batch, " + ", ".join("any" if n is None else str(n) for n in input_shape[1:]) + ")"
    received = f"Received: a batch of shape {shape} and dtype {dtype.name}"
    if dtype.is_complex or dtype in (tf.string, tf.bool):
        raise ValueError(
            f"{method} learns from images as numbers, uint8 or float, in [0, 255]. Use keras_ssl.data.from_directory "
            f"to read files. {received}"
        )
    if shape.rank is None:
        return
    if shape.rank in (1, 2):
        raise ValueError(
            f"{method} learns from images of shape {expected}. These look like labels: a data set must yield "
            f"`images` or `(images, labels)`, in that order. {received}"
        )
    if shape.rank != 4:
        raise ValueError(
            f"{method} learns from batches of images, {expected}; call .batch(…) on a data set of single images, "
            f"and give gray images a channel axis with images[..., None]. {received}"
        )
    if shape[-1] is not None and shape[-1] != input_shape[-1]:
        raise ValueError(
            f"The encoder was built for {input_shape[-1]} channels, {expected}; build it with the images' shape. "
            f"{received}"
        )
    if shape[0] == 0:
        raise ValueError(f"There are no images to learn from. {received}")
    if shape[0] is not None and shape[0] < minimum_batch:
        raise ValueError(
            f"{method} compares the images of a batch with each other, so a batch needs at least {minimum_batch}; "
            f"use a larger batch_size. {received}"
        )


def pixel_range(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | float, tf.Tensor | float]:
    """Return a batch's size, lowest and highest pixel; 0 and 255 for uint8, which is never scaled to [0, 1]."""
    if images.dtype == tf.uint8:
        return tf.shape(images)[0], 0.0, 255.0
    if not images.dtype.is_floating:
        # Wider integers can be outside [0, 255]. A dark batch of them is not a batch scaled to [0, 1].
        images = tf.cast(images, tf.float32)
        return tf.shape(images)[0], tf.reduce_min(images), tf.maximum(tf.reduce_max(images), 255.0)
    return tf.shape(images)[0], tf.reduce_min(images), tf.reduce_max(images)


def check_pixels(batch: float, lowest: float, highest: float, minimum_batch: int, method: str) -> None:
    """Raise a ValueError unless a batch of this size and pixel range can be raw images."""
    advice = "Encoders normalize inside, so that training and serving agree: leave rescaling and standardizing out"
    received = f"Received: pixels from {lowest:.4g} to {highest:.4g}"
    if np.isnan(lowest) or np.isnan(highest):
        raise ValueError(f"{method} found pixels that are not numbers (NaN). {received}")
    if lowest < 0 or highest > 255:
        raise ValueError(f"{method} expects raw pixels in [0, 255]. {advice}. {SAY_RANGE}. {received}")
    if highest <= 1:
        raise ValueError(
            f"{method} expects raw pixels in [0, 255], and these lie in [0, 1]. {advice}, or multiply by 255. "
            f"{received}"
        )
    if batch < minimum_batch:
        raise ValueError(
            f"{method} compares the images of a batch with each other, so a batch needs at least {minimum_batch}; "
            f"use a larger batch_size. Received: a first batch of {batch:.0f}"
        )


def check_image_array(images: npt.ArrayLike, name: str) -> np.ndarray:
    """Return `images` as an array `(n, height, width, channels)`.

    Raises:
        ValueError: If they have another shape, or there are none.
    """
    images = np.asarray(images)
    if images.ndim != 4 or not len(images):
        raise ValueError(
            "Images to draw come as an array (n, height, width, channels): take one batch of a data set, and give "
            f"gray images a channel axis with images[..., None]. Received: {name} of shape {images.shape}"
        )
    return images


def check_rgb(image_shape: Sequence[int | None]) -> None:
    """Raise a ValueError unless images of shape `(height, width, channels)` have 3 channels."""
    if image_shape[-1] != 3:
        raise ValueError(
            "Colors can only be predicted for images with colors: build the encoder for RGB images, with 3 "
            f"channels. Received: images of shape {tuple(image_shape)}"
        )


def check_square(image_shape: Sequence[int | None]) -> None:
    """Raise a ValueError unless images of shape `(height, width, channels)` are square."""
    height, width, _ = image_shape
    if height != width:
        raise ValueError(
            "A quarter turn swaps height and width, so the images must be square: build the encoder for square ones, "
            "and resize the images (image_size=(96, 96) in keras_ssl.data) or crop them "
            f"(augmenter=keras_ssl.augment.crops(96)). Received: images of shape {tuple(image_shape)}"
        )
