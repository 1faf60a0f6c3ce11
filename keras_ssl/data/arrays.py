from typing import Any

import numpy as np
import tensorflow as tf

from keras_ssl.checks.images import SAY_RANGE
from keras_ssl.data.memory import in_memory
from keras_ssl.data.scale_pixels import scale_pixels


def from_arrays(
    x: Any,
    y: Any = None,
    batch_size: int = 256,
    *,
    shuffle: bool | None = None,
    seed: int = 0,
    drop_remainder: bool | None = None,
    value_range: tuple[float, float] | None = None,
) -> tf.data.Dataset:
    """Make a data set of images in memory.

    Args:
        x: Array or tensor of shape `(count, height, width, channels)`, or anything that converts to an array. Raw
            pixels in [0, 255]. uint8 stays uint8, other integers in [0, 255] become uint8, floats become float32.
        y: Labels of shape `(count, …)`, a dict of such labels by name, or `None`. Integers become int32, floats
            float32. Defaults to `None`.
        batch_size: Positive integer. Defaults to `256`.
        shuffle: Boolean. Whether each epoch has an order of its own, a function of `seed` and the epoch (see
            `set_epoch`). `None` shuffles if there are no labels, as for training. Defaults to `None`.
        seed: Integer. Defaults to `0`.
        drop_remainder: Boolean. Whether to leave out the images that do not fill a last batch. `None` leaves them
            out of a shuffled data set, unless it is smaller than one batch. `False` on a shuffled data set still
            leaves out a last batch of one, with a warning: methods that compare images cannot learn from it.
            Defaults to `None`.
        value_range: Pair `(low, high)`. The values of `x` that become 0 and 255, such as (0, 4095) for 12 bits.
            Values outside are clipped, as in `scale_pixels`. `None` means that `x` lies in [0, 255]. Defaults to
            `None`.

    Returns:
        A `tf.data.Dataset` of `images` or `(images, labels)`, of known length, with the attributes `epoch` and
        `class_names` (`None`). The labels are a dict if `y` is one.

    Raises:
        TypeError: If `x` is a `tf.data.Dataset`, or `x` or `y` does not hold numbers.
        ValueError: If the shapes or values are not as described.

    Example:

    >>> images = np.random.randint(0, 256, (100, 32, 32, 3), dtype="uint8")
    >>> dataset = keras_ssl.data.from_arrays(images, batch_size=32)
    >>> len(dataset)
    3
    """
    images = _check_images(x, value_range)
    if isinstance(y, dict):
        labels = {name: _check_labels(part, images, f"y[{name!r}]") for name, part in y.items()}
    else:
        labels = None if y is None else _check_labels(y, images, "y")
    shuffle = y is None if shuffle is None else shuffle
    return in_memory(images, labels, batch_size, shuffle, seed, drop_remainder, class_names=None)


def _check_images(x, value_range):
    if isinstance(x, tf.data.Dataset):
        raise TypeError(f"`x` is a data set already: pass it to `fit` directly. Received: x={x}")
    images = _numbers(x, "x")
    if images.ndim == 3:
        raise ValueError(
            "`x` must have the shape (count, height, width, channels). Give gray images a channel axis: "
            f"x[..., None]. Received: x.shape={tuple(images.shape)}"
        )
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            "`x` must have the shape (count, height, width, channels), without zeros. "
            f"Received: x.shape={tuple(images.shape)}"
        )
    if value_range is not None:
        images = scale_pixels(images, value_range)
    if images.dtype.kind == "f":
        return images.astype(np.float32, copy=False)
    if images.dtype != np.uint8 and (images.min() < 0 or images.max() > 255):
        raise ValueError(
            f"`x` must hold pixels in [0, 255]. {SAY_RANGE}. Received: integers from {images.min()} to {images.max()}"
        )
    return images.astype(np.uint8, copy=False)


def _check_labels(y, images, name):
    labels = _numbers(y, name)
    if labels.ndim < 1 or len(labels) != len(images):
        raise ValueError(
            f"`{name}` must have one label for each image. "
            f"Received: x.shape={tuple(images.shape)}, {name}.shape={tuple(labels.shape)}"
        )
    return labels.astype(np.float32 if labels.dtype.kind == "f" else np.int32, copy=False)


def _numbers(values, name):
    array = np.asarray(values)
    if array.dtype.kind not in "uifb" and array.dtype != tf.bfloat16.as_numpy_dtype:
        raise TypeError(f"`{name}` must hold numbers. Received: {name} of dtype {array.dtype}")
    return array.astype(np.float32) if array.dtype.kind == "V" else array
