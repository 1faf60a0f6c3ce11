"""The inputs of fit: takes what Keras takes, and refuses the rest with a message that says what to pass."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sized

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.data.image_and_label import image_and_label, of_keys
from keras_ssl.data.mapped_py_dataset import MappedPyDataset
from keras_ssl.data.without_autotune import without_autotune
from keras_ssl.distribute import undistributed

_BATCHES_OF_KERAS = tf.data.Dataset | tf.distribute.DistributedDataset | keras.utils.PyDataset


def is_in_batches(source):
    """Whether `source` comes in batches already, rather than as arrays."""
    return isinstance(source, _BATCHES_OF_KERAS) or (
        isinstance(source, Iterable)
        and not isinstance(source, list | tuple | dict | str)
        and not hasattr(source, "__array__")
    )


def usable_batches(source, batch_size=None):
    """Converts a `source` that `is_in_batches` to what a method's steps take.

    Args:
        source: a `tf.data.Dataset`, a distributed one, which Keras distributes anew, a `keras.utils.PyDataset`, or
            any other Python iterable of batches, such as a generator or PyTorch's `DataLoader`. Dicts with the key
            "image" and perhaps "label", as TFDS has them, become images or (images, labels).
        batch_size: what fit was given, which must be None.

    Returns:
        The source, without tf.data's autotuner.

    Raises:
        ValueError: for a batch size, an iterable without a batch, dicts without "image", or a distributed data set
            of dicts.
    """
    if batch_size is not None:
        raise ValueError(
            "A data set comes in batches already: give the batch size where the data set is made. "
            f"Received: batch_size={batch_size}"
        )
    source = undistributed(source)
    if not isinstance(source, _BATCHES_OF_KERAS):
        source = _dataset_of(source)
    if isinstance(source, keras.utils.PyDataset):
        return MappedPyDataset(source, lambda batch, index: of_keys(batch))
    if not isinstance(source, tf.data.Dataset):
        if isinstance(source.element_spec, dict):
            raise ValueError(
                "A distributed data set cannot be changed any more: map it from dicts to images or (images, labels) "
                f"before it is distributed. Received: keys {sorted(source.element_spec)}"
            )
        return source
    return without_autotune(image_and_label(source))


def check_passes(source, epochs, steps, argument):
    """Raises a ValueError where `source` can be read only once, and more than one pass over it is wanted.

    Args:
        source: what fit was given as `x` or as `validation_data`.
        epochs: int, how many passes.
        steps: int, the batches of an epoch, or None for all.
        argument: str, the name of `steps` for the message.
    """
    if isinstance(source, Iterator) and epochs > 1 and steps is None:
        raise ValueError(
            f"A Python generator can be read only once, so there is no second epoch: say by {argument} how many of "
            "its batches an epoch has, or pass a keras.utils.PyDataset or "
            f"tf.data.Dataset.from_generator(function, output_signature=…). Received: {source!r} and {epochs} epochs"
        )


def images_and_labels(source, labels=None):
    """Separates an input of fit into an array of images and their labels.

    Args:
        source: array of images, a tuple or list (images,) or (images, labels), as Keras takes them, or a dict with
            the key "image" and perhaps "label", as TFDS has them.
        labels: what fit was given as `y`.

    Returns:
        A tuple of the images and the labels, or None where there are none.

    Raises:
        ValueError: where there are no images, or a function.
    """
    if callable(source):
        raise ValueError(
            "A function is no images; of a generator function pass what its call gives, such as make_batches() where "
            f"it is called make_batches. Received: x={source!r}"
        )
    if isinstance(source, tuple) or _is_list_of_arrays(source):
        source, own_labels, _ = keras.utils.unpack_x_y_sample_weight(tuple(source))
        labels = labels if own_labels is None else own_labels
    if isinstance(source, dict):
        if "image" not in source:
            raise ValueError(
                'A dict of arrays needs the key "image"; of the splits that tfds.load gives pass one, such as '
                f"data['train']. Received: keys {sorted(map(str, source))}"
            )
        labels = source.get("label") if labels is None else labels
        source = source["image"]
    if source is None:
        raise ValueError("There are no images: pass an array or a data set of them. Received: x=None")
    return source, labels


def _is_list_of_arrays(source):
    return isinstance(source, list) and len(source) in (1, 2, 3) and np.ndim(source[0]) == 4


def _dataset_of(iterable):
    """Makes a data set of the batches of a Python iterable, which is read again for each pass if possible."""
    batches = iter(iterable)
    try:
        first = next(batches)
    except StopIteration:
        raise ValueError(f"There are no images: the iterable has no batch. Received: {iterable!r}") from None
    passes = itertools.chain([itertools.chain([first], batches)], iter(lambda: iter(iterable), None))
    dataset = tf.data.Dataset.from_generator(
        lambda: map(_arrays, next(passes)),
        output_signature=tf.nest.map_structure(
            lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), _arrays(first)
        ),
    )
    if isinstance(iterable, Sized):
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(iterable)))
    return dataset


def _arrays(batch):
    """Converts a batch of a Python iterable to arrays, in the same tuples and dicts."""
    if isinstance(batch, list | tuple):
        return tuple(_arrays(part) if isinstance(part, dict) else np.asarray(part) for part in batch)
    if isinstance(batch, dict):
        return {name: np.asarray(part) for name, part in batch.items()}
    return np.asarray(batch)


def split_arrays(images, labels, share, minimum=1):
    """Splits arrays as Keras' validation_split does: the last `share` of them is held out.

    Args:
        images: array (n, height, width, channels).
        labels: dict of arrays for `MultiTask`; others are left out.
        share: float in (0, 1), the part that is held out.
        minimum: int, the fewest images that either part can do with. Defaults to 1.

    Raises:
        ValueError: for a data set, which has no length to split, for another share, and where it leaves too few.
    """
    if not 0 < share < 1:
        raise ValueError(
            "validation_split must be at least 0 and below 1, the share of the images that is held out. "
            f"Received: validation_split={share}"
        )
    if is_in_batches(images):
        raise ValueError(
            f"A data set has no length to split; pass validation_data. Received: validation_split={share}"
        )
    first = math.floor(len(images) * (1.0 - share))
    for purpose, left in {"train on": first, "evaluate": len(images) - first}.items():
        if left < minimum:
            raise ValueError(
                f"validation_split leaves {left} of {len(images)} images to {purpose}, where {minimum} are needed at "
                f"the least: take another share, or pass validation_data. Received: validation_split={share}"
            )

    def rows(part):
        return {name: array[part] for name, array in labels.items()} if isinstance(labels, dict) else None

    return (images[:first], rows(slice(first))), (images[first:], rows(slice(first, None)))
