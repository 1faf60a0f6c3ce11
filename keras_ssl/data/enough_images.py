"""Leaves out batches with too few images to compare, and warns once."""

import warnings
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.data.batches import with_attributes
from keras_ssl.data.mapped_py_dataset import MappedPyDataset
from keras_ssl.distribute import smallest_share

# Data sets that keep the number of batches and their sizes.
_ONE_TO_ONE = ("_MapDataset", "_ParallelMapDataset", "_PrefetchDataset", "_OptionsDataset", "CacheDataset")


def with_enough_images(dataset: Any, minimum: int, method: str, replicas: int = 1) -> Any:
    """Leave out the batches with fewer images than a method needs.

    If the size of the last batch is known in advance, as for arrays, the data sets of `keras_ssl.data` and
    `.batch(…)`, a last batch that is too small is left out with a warning. Otherwise each batch is checked when it
    is read, so the number of batches is no longer known; `TooFewImages` reports afterwards how many were left out.

    Args:
        dataset: A `tf.data.Dataset` in batches, or a `keras.utils.PyDataset`, whose batches are checked when they are
            read: one that is too small is an error. Anything else is returned unchanged.
        minimum: Integer. The fewest images that a batch needs on each replica.
        method: String. Name of the method, for messages.
        replicas: Integer. How many replicas share a batch. tf.distribute splits a small batch unevenly: of four
            images, the last of three replicas gets none. Defaults to `1`.

    Returns:
        The data set, with its attributes. If its batches are checked when read, it has the attribute `left_out`, a
        variable that counts the batches left out.

    Raises:
        ValueError: If it is known that no batch would remain.
    """
    if minimum < 2 and replicas < 2:
        return dataset

    def is_enough(images):
        return smallest_share(images, replicas) >= minimum

    if isinstance(dataset, keras.utils.PyDataset):
        return MappedPyDataset(dataset, partial(_checked, is_enough, partial(_too_few, method, minimum, replicas)))
    if not isinstance(dataset, tf.data.Dataset):
        return dataset
    shape = _rows(dataset.element_spec).shape
    if shape.rank != 4 or (shape[0] is not None and is_enough(shape[0])):
        return dataset
    if replicas < 2 and shape[0] is not None:
        return dataset  # `check_images` checks while the step is traced
    usual, last = _sizes(dataset)
    if last is not None and is_enough(usual) and is_enough(last):
        return dataset
    if last is None or getattr(dataset, "passes", 1) > 1:  # the last batch of a pass is in the middle of the epoch
        return _filtered(dataset, is_enough)
    if not is_enough(usual) or len(dataset) == 1:
        raise ValueError(_too_few(method, minimum, replicas, f"batches of {min(usual, last)}"))
    warnings.warn(
        f"The last batch has {_images(last)}. {_needs(method, minimum, replicas)}, so that batch is left out. To "
        "avoid this warning, use another batch size, or drop_remainder=True.",
        stacklevel=4,
    )
    # Not `take`: a cache must be read to its end.
    return with_attributes(
        _filtered(dataset, is_enough).apply(tf.data.experimental.assert_cardinality(len(dataset) - 1)), dataset
    )


class TooFewImages(keras.callbacks.Callback):
    """Callback that warns once how many batches were left out because they had too few images.

    Args:
        minimum: See `with_enough_images`.
        method: See `with_enough_images`.
        training: The training data that `with_enough_images` returned, or `None`. Defaults to `None`.
        held_out: The held-out data that `with_enough_images` returned, or `None`. Defaults to `None`.
        replicas: See `with_enough_images`. Defaults to `1`.
    """

    def __init__(
        self, minimum: int, method: str, training: Any = None, held_out: Any = None, replicas: int = 1
    ) -> None:
        super().__init__()
        self._replicas = replicas
        self._minimum = minimum
        self._method = method
        self._left_out = {"training": _left_out(training), "evaluation": _left_out(held_out)}
        self._batches = dict.fromkeys(self._left_out, 0)

    def on_train_batch_end(self, batch, logs=None):
        """Counts the batches that were used."""
        self._batches["training"] += 1

    def on_test_batch_end(self, batch, logs=None):
        """Counts the batches that were used in an evaluation."""
        self._batches["evaluation"] += 1

    def on_epoch_end(self, epoch, logs=None):
        """Warns after the first epoch. Raises a ValueError if no batch was left to learn from."""
        self._say("training")

    def on_test_end(self, logs=None):
        """Warns or raises after the first evaluation."""
        self._say("evaluation")

    def _say(self, phase):
        left_out = self._left_out.pop(phase, None)
        count = 0 if left_out is None else int(left_out.numpy())
        if count and not self._batches[phase]:
            raise ValueError(
                _too_few(self._method, self._minimum, self._replicas, f"{count} batches, all of fewer images")
            )
        if count:
            warnings.warn(
                f"{_needs(self._method, self._minimum, self._replicas)}: of the {phase}'s "
                f"{self._batches[phase] + count} batches {count} had fewer images and were left out.",
                stacklevel=2,
            )


def _checked(is_enough, message, batch, index):
    images = len(_rows(batch))
    if not is_enough(images):
        raise ValueError(message(f"{_images(images)} in batch {index} of the PyDataset"))
    return batch


def _left_out(dataset):
    return getattr(dataset, "left_out", None)


def _filtered(dataset, is_enough):
    with tf.device("CPU:0"), tf.init_scope():
        left_out = tf.Variable(0, dtype=tf.int64, trainable=False)

    def has_enough(*batch):
        enough = is_enough(tf.shape(_rows(batch[0] if len(batch) == 1 else batch))[0])
        left_out.assign_add(tf.cast(tf.logical_not(enough), tf.int64))
        return enough

    filtered = with_attributes(dataset.filter(has_enough), dataset)
    filtered.left_out = left_out
    return filtered


def _sizes(dataset):
    """Number of images in the usual and in the last batch of a data set, or None twice if it is not known."""
    while True:
        if sizes := getattr(dataset, "batch_sizes", None):
            return sizes
        kind, inputs = type(dataset).__name__, dataset._inputs()
        if kind in ("_BatchDataset", "_ParallelBatchDataset"):
            images, usual = int(inputs[0].cardinality()), int(dataset._batch_size)
            return (usual, images % usual or usual) if images > 0 else (None, None)
        if kind not in _ONE_TO_ONE:
            return None, None
        (dataset,) = inputs


def _rows(batch):
    """The images of a batch, or their specification: the first tensor."""
    return tf.nest.flatten(batch)[0]


def _needs(method, minimum, replicas):
    where = f" on each of {replicas} replicas" if replicas > 1 else ""
    compares = "compares the images of a batch with each other and " if minimum > 1 else ""
    return f"{method} {compares}needs at least {minimum}{where}"


def _too_few(method, minimum, replicas, received):
    return f"{_needs(method, minimum, replicas)}; use a larger batch_size. Received: {received}"


def _images(count):
    return "a single image" if count == 1 else f"only {count} images"
