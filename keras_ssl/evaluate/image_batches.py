from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_batch_size
from keras_ssl.data.image_and_label import image_and_label
from keras_ssl.data.without_autotune import without_autotune


class ImageBatches:
    """Batches of images from any source, with labels where there are any.

    Images and labels come out of the same element, so a shuffled data set keeps them together.

    Args:
        dataset: A batched `tf.data.Dataset` of `images`, of `(images, labels)` or of dicts with the keys "image" and
            perhaps "label", an array of images (n, height, width, channels), or a tuple `(images, labels)` of
            arrays.
        batch_size: Integer. For arrays; a data set has its own.

    Attributes:
        image_shape: Tuple (height, width, channels), None where it is not known.
        labelled: Boolean. Whether there are labels.
        batch_count: Integer, or None where it is not known.

    Raises:
        ValueError: If these are not batches of images, images and labels differ in number, or the data set repeats
            forever.
    """

    def __init__(self, dataset: Any, batch_size: int = 256) -> None:
        if isinstance(dataset, tf.data.Dataset):
            self._from_dataset(dataset)
        else:
            self._from_arrays(dataset, batch_size)

    def _from_dataset(self, dataset):
        dataset = image_and_label(dataset)
        spec = dataset.element_spec
        self.labelled = isinstance(spec, tuple | list) and len(spec) >= 2
        self.image_shape = _image_shape(_first(spec).shape, "data set")
        batch_count = dataset.cardinality().numpy()
        if batch_count == tf.data.INFINITE_CARDINALITY:
            raise ValueError(
                "The data set repeats forever, so a pass over it never ends: leave out .repeat(). "
                f"Received: dataset={dataset}"
            )
        self.batch_count = None if batch_count == tf.data.UNKNOWN_CARDINALITY else int(batch_count)
        dataset = without_autotune(dataset)
        self._batches = lambda: ((_first(batch), batch[1] if self.labelled else None) for batch in dataset)

    def _from_arrays(self, arrays, batch_size):
        if isinstance(arrays, Iterator | keras.utils.PyDataset):
            raise ValueError(
                "Images must be arrays or a tf.data.Dataset, which can be read several times: wrap a Python "
                f"generator with tf.data.Dataset.from_generator(function, output_signature=…). Received: {arrays!r}"
            )
        batch_size = check_batch_size(batch_size)
        images, labels = arrays if isinstance(arrays, tuple) and len(arrays) == 2 else (arrays, None)
        images = np.asarray(images)
        self.labelled = labels is not None
        labels = np.asarray(labels) if self.labelled else None
        self.image_shape = _image_shape(images.shape, "array")
        if self.labelled and len(labels) != len(images):
            raise ValueError(
                "There must be one label per image. "
                f"Received: {len(images)} images and labels of shape {labels.shape}"
            )
        starts = range(0, len(images), batch_size)
        self.batch_count = len(starts)
        self._batches = lambda: (
            (images[i : i + batch_size], labels[i : i + batch_size] if self.labelled else None) for i in starts
        )

    def __iter__(self) -> Iterator:
        """Yields tuples of images and labels, the labels None where there are none."""
        return self._batches()


def labelled_arrays(dataset: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Reads labelled images from any source into two arrays, (n, height, width, channels) and (n,).

    Args:
        dataset: As for `ImageBatches`.
        name: String. The argument's name for the message.

    Raises:
        ValueError: If there are no labels.
    """
    batches = ImageBatches(dataset)
    if not batches.labelled:
        raise ValueError(
            f"The {name} images need labels: give a data set of (images, labels), such as "
            f"keras_ssl.data.load(…, labels=True), or a tuple of arrays. Received: {name} without labels"
        )
    parts = zip(*((np.asarray(images), np.asarray(labels)) for images, labels in batches), strict=True)
    images, labels = (np.concatenate(part) for part in parts)
    return images, labels.reshape(-1)


def _first(element):
    return element[0] if isinstance(element, tuple | list) else element


def _image_shape(shape, kind):
    shape = tf.TensorShape(shape)
    if shape.rank is not None and shape.rank != 4:
        raise ValueError(
            f"The {kind} must hold batches of images, (batch, height, width, channels): call .batch(…) on a data set "
            "of single images, and give gray images a channel axis with images[..., None]. "
            f"Received: images of shape {shape}"
        )
    return (None, None, None) if shape.rank is None else tuple(shape[1:])
