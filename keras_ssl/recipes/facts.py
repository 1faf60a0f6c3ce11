from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from keras_ssl.cpu import usable_cores
from keras_ssl.data.image_and_label import image_and_label


def _accelerated() -> bool:
    return bool(tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("TPU"))


@dataclass(frozen=True)
class Facts:
    """Facts about images and device that determine the settings of a training.

    Args:
        images: Positive integer. Number of images to learn from.
        image_size: Pair of integers. Height and width of the images, or of a typical one.
        channels: Positive integer. Number of channels. Defaults to `3`.
        resizable: Boolean. Whether images can be read at another size than their own, as files can. Defaults to
            `False`.
        batch_size: Integer. Size of the batches if the images are batched already. Defaults to `None`.
        accelerator: Boolean. Whether a GPU or TPU trains. Defaults to what TensorFlow sees.
        cores: Integer. Number of CPU cores to train on. Defaults to those of this process.
        seconds_per_image: Float. Time to read and decode an image: once if decoded images are cached, else each
            time it is used. Defaults to `0.0`, for images in memory.
        seconds_before: Float. Other time between the plan and the first step. Defaults to `0.0`.
        cache: String. Whether decoded images are cached, as in `keras_ssl.data.from_directory`. Defaults to `"auto"`.

    Raises:
        ValueError: If there are no images.

    Example:

    >>> keras_ssl.recipes.Facts(2000, (96, 128)).images
    2000
    """

    images: int
    image_size: tuple[int, int]
    channels: int = 3
    resizable: bool = False
    batch_size: int | None = None
    accelerator: bool = field(default_factory=_accelerated)
    cores: int = field(default_factory=usable_cores)
    seconds_per_image: float = 0.0
    seconds_before: float = 0.0
    cache: str = "auto"

    def __post_init__(self):
        if self.images < 1:
            raise ValueError(f"There must be at least one image to learn from. Received: images={self.images}")

    @property
    def device(self) -> str:
        """Description of the device, for messages."""
        return "an accelerator" if self.accelerator else f"{self.cores} CPU core{'s' * (self.cores > 1)}"


def facts_of(images: Any) -> Facts:
    """Finds the `Facts` of an array, or of a `tf.data.Dataset` of batches of one size.

    Args:
        images: Array `(n, height, width, channels)`, data set of `images`, `(images, labels)` or dicts, or `Facts`,
            which are returned unchanged.

    Raises:
        ValueError: If the number of images or their size is not known.
    """
    if isinstance(images, Facts):
        return images
    if not isinstance(images, tf.data.Dataset):
        shape = np.shape(images)
        if len(shape) != 4:
            raise ValueError(
                "images must be an array (n, height, width, channels) or a tf.data.Dataset of such batches. "
                f"Received: an array of shape {shape}"
            )
        return Facts(shape[0], tuple(shape[1:3]), shape[3])
    images = image_and_label(images)
    shape = tf.nest.flatten(images.element_spec)[0].shape
    batches = int(images.cardinality())
    if shape.rank != 4 or None in shape[1:]:
        raise ValueError(
            "A data set must yield batches of images of one known size, (batch, height, width, channels). "
            f"Received: elements of shape {shape}"
        )
    if batches < 1:
        raise ValueError(
            "The data set does not know its length. Set it with .apply(tf.data.experimental.assert_cardinality(n)), "
            f"or pass keras_ssl.recipes.Facts. Received: a data set of cardinality {batches}"
        )
    batch = shape[0] or next(iter(images.map(lambda *parts: tf.shape(parts[0])[0]))).numpy()
    return Facts(batches * int(batch), tuple(shape[1:3]), shape[3], batch_size=int(batch))
