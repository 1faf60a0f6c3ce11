"""Checks and conversions of the inputs of fit. What Keras takes is taken; other inputs raise a clear error."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sized
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl.data.image_and_label import image_and_label, of_keys
from keras_ssl.data.mapped_py_dataset import MappedPyDataset
from keras_ssl.data.without_autotune import without_autotune
from keras_ssl.distribute import undistributed

_BATCHES_OF_KERAS = tf.data.Dataset | tf.distribute.DistributedDataset | keras.utils.PyDataset


def is_in_batches(source: Any) -> bool:
    """Whether `source` yields batches and is not an array."""
    return isinstance(source, _BATCHES_OF_KERAS) or (
        isinstance(source, Iterable)
        and not isinstance(source, list | tuple | dict | str)
        and not hasattr(source, "__array__")
    )


def usable_batches(source: Any, batch_size: int | None = None) -> Any:
    """Convert a `source` that `is_in_batches` to data that a training step takes.

    Args:
        source: A `tf.data.Dataset`, a distributed one (which Keras distributes again), a `keras.utils.PyDataset`, or
            another Python iterable of batches, such as a generator or PyTorch's `DataLoader`. Dicts with the key
            "image" and an optional "label", as in TFDS, become images or (images, labels).
        batch_size: The `batch_size` of fit. Must be `None`. Defaults to `None`.

    Returns:
        The data set, without tf.data's autotuner.

    Raises:
        ValueError: If there is a batch size, the iterable has no batch, dicts have no "image", or a distributed data
            set has dicts.
    """
    if batch_size is not None:
        raise ValueError(
            "A data set has batches already: set the batch size where the data set is made. "
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
                "A distributed data set cannot be mapped: map it from dicts to images or (images, labels) "
                f"before it is distributed. Received: keys {sorted(source.element_spec)}"
            )
        return source
    return without_autotune(image_and_label(source))


def check_passes(source: Any, epochs: int, steps: int | None, argument: str) -> None:
    """Raise a ValueError if `source` can be read only once, but several passes over it are needed.

    Args:
        source: The `x` or `validation_data` of fit.
        epochs: Integer. Number of passes.
        steps: Integer. Number of batches in an epoch. `None` means all.
        argument: String. Name of the argument `steps`, for the message.
    """
    if isinstance(source, Iterator) and epochs > 1 and steps is None:
        raise ValueError(
            f"A Python generator can be read only once, so there is no second epoch. Set {argument}, the number of "
            "batches in an epoch, or pass a keras.utils.PyDataset or "
            f"tf.data.Dataset.from_generator(function, output_signature=…). Received: {source!r} and {epochs} epochs"
        )


def images_and_labels(source: Any, labels: Any = None) -> tuple[Any, Any]:
    """Separate an input of fit into images and labels.

    Args:
        source: Array of images; a tuple or list (images,) or (images, labels), as in Keras; or a dict with the key
            "image" and an optional "label", as in TFDS.
        labels: The `y` of fit. Defaults to `None`.

    Returns:
        Tuple of the images and the labels, which are `None` if there are none.

    Raises:
        ValueError: If there are no images, or `source` is a function.
    """
    if callable(source):
        raise ValueError(
            "`x` must be images, not a function. If it is a generator function, call it and pass the result, such as "
            f"make_batches(). Received: x={source!r}"
        )
    if isinstance(source, tuple) or _is_list_of_arrays(source):
        source, own_labels, _ = keras.utils.unpack_x_y_sample_weight(tuple(source))
        labels = labels if own_labels is None else own_labels
    if isinstance(source, dict):
        if "image" not in source:
            raise ValueError(
                'A dict of arrays needs the key "image". If these are the splits of tfds.load, pass one of them, '
                f"such as data['train']. Received: keys {sorted(map(str, source))}"
            )
        labels = source.get("label") if labels is None else labels
        source = source["image"]
    if source is None:
        raise ValueError("There are no images: pass an array or a data set of them. Received: x=None")
    return source, labels


def _is_list_of_arrays(source):
    return isinstance(source, list) and len(source) in (1, 2, 3) and np.ndim(source[0]) == 4


def _dataset_of(iterable):
    """Make a data set of the batches of a Python iterable, which is read again for each pass if possible."""
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
    """Convert a batch of a Python iterable to arrays, in the same tuples and dicts."""
    if isinstance(batch, list | tuple):
        return tuple(_arrays(part) if isinstance(part, dict) else np.asarray(part) for part in batch)
    if isinstance(batch, dict):
        return {name: np.asarray(part) for name, part in batch.items()}
    return np.asarray(batch)


def split_arrays(
    images: Any, labels: Any, share: float, minimum: int = 1
) -> tuple[tuple[Any, dict | None], tuple[Any, dict | None]]:
    """Split arrays as Keras' validation_split does: the last `share` of them is held out.

    Args:
        images: Array of shape `(n, height, width, channels)`.
        labels: Dict of arrays for `MultiTask`; other labels are left out.
        share: Float in (0, 1). The part that is held out.
        minimum: Integer. The fewest images that each part needs. Defaults to `1`.

    Returns:
        Tuple of two pairs `(images, labels)`: the training and the held-out part. `labels` is a dict or `None`.

    Raises:
        ValueError: If `images` is a data set, which has no length to split; `share` is outside (0, 1); or a part has
            too few images.
    """
    if not 0 < share < 1:
        raise ValueError(
            "validation_split is the share of the images that is held out: it must be at least 0 and below 1. "
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
                f"validation_split leaves {left} of {len(images)} images to {purpose}, but at least {minimum} are "
                f"needed: use another share, or pass validation_data. Received: validation_split={share}"
            )

    def rows(part):
        return {name: array[part] for name, array in labels.items()} if isinstance(labels, dict) else None

    return (images[:first], rows(slice(first))), (images[first:], rows(slice(first, None)))
