"""What Keras users hand to fit, taken as Keras takes it or refused with what to write instead."""

import math
from collections.abc import Iterator

import keras
import tensorflow as tf

from keras_ssl.data.image_and_label import image_and_label
from keras_ssl.data.without_autotune import without_autotune


def is_in_batches(source):
    """Whether `source` comes in batches already, rather than as arrays."""
    kinds = tf.data.Dataset | tf.distribute.DistributedDataset | keras.utils.PyDataset | Iterator
    return isinstance(source, kinds)


def usable_batches(source, batch_size=None):
    """`source`, where `is_in_batches`, as a method's steps take it.

    Args:
        source: a `tf.data.Dataset`, a distributed one, or a `keras.utils.PyDataset`. Dicts with the key "image" and
            perhaps "label", as TFDS has them, become images or (images, labels).
        batch_size: what fit was given, which must be None.

    Returns:
        The source, without tf.data's autotuner.

    Raises:
        ValueError: for a batch size, a Python generator, or dicts without "image".
    """
    if isinstance(source, Iterator):
        raise ValueError(
            "A Python generator can be read only once, so there is no second epoch; pass "
            "tf.data.Dataset.from_generator(function, output_signature=…). "
            f"Received: {source!r}"
        )
    if batch_size is not None:
        raise ValueError(
            "A data set comes in batches already: give the batch size where the data set is made. "
            f"Received: batch_size={batch_size}"
        )
    if not isinstance(source, tf.data.Dataset):
        return source
    return without_autotune(image_and_label(source))


def split_arrays(images, labels, share):
    """The first and the last `share` of arrays, as Keras' validation_split cuts them: (images, labels) each.

    Args:
        images: array (n, height, width, channels).
        labels: dict of arrays for `MultiTask`; others are left out.
        share: float in (0, 1), the part that is held out.

    Raises:
        ValueError: for a data set, which has no length to split.
    """
    if is_in_batches(images):
        raise ValueError(
            f"A data set has no length to split; pass validation_data. Received: validation_split={share}"
        )
    first = math.floor(len(images) * (1.0 - share))

    def rows(part):
        return {name: array[part] for name, array in labels.items()} if isinstance(labels, dict) else None

    return (images[:first], rows(slice(first))), (images[first:], rows(slice(first, None)))
