"""Leaves out batches with too few images to compare, and warns once."""

import warnings
from functools import partial

import keras
import tensorflow as tf

from keras_ssl.data.batches import with_attributes
from keras_ssl.data.mapped_py_dataset import MappedPyDataset
from keras_ssl.distribute import smallest_share

# Data sets that give as many batches as they take, of as many images.
_ONE_TO_ONE = ("_MapDataset", "_ParallelMapDataset", "_PrefetchDataset", "_OptionsDataset", "CacheDataset")


def with_enough_images(dataset, minimum, method, replicas=1):
    """Leaves out the batches with fewer images than a method needs.

    Where the size of the last batch is known before anything is read, as of arrays, of the data sets of
    `keras_ssl.data` and of `.batch(…)`, that batch is cut off with a warning. Otherwise each batch is looked at when
    it comes, so the number of batches is not known any more; `TooFewImages` says afterwards what was left out.

    Args:
        dataset: a `tf.data.Dataset` in batches, or a `keras.utils.PyDataset`, whose batches are looked at when they
            are asked for, and of which a small one is an error. Anything else is returned as it is.
        minimum: int, the fewest images in a batch, on each replica.
        method: str, the method's name for the messages.
        replicas: int, how many share a batch. tf.distribute deals a small batch unevenly: of four images the last of
            three replicas gets none.

    Returns:
        The data set, with its attributes. Where batches are looked at, it has the attribute `left_out`, a variable
        that counts the others.

    Raises:
        ValueError: where it is known that no batch would remain.
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
        return dataset  # `check_images` looks while the step is traced
    usual, last = _sizes(dataset)
    if last is not None and is_enough(usual) and is_enough(last):
        return dataset
    if last is None or getattr(dataset, "passes", 1) > 1:  # the last batch of a pass comes in the middle
        return _filtered(dataset, is_enough)
    if not is_enough(usual) or len(dataset) == 1:
        raise ValueError(_too_few(method, minimum, replicas, f"batches of {min(usual, last)}"))
    warnings.warn(
        f"The last batch has {_images(last)}. {_needs(method, minimum, replicas)}, so that batch is left out; "
        "another batch size, or drop_remainder=True, leaves out none.",
        stacklevel=4,
    )
    # Not `take`: caches want to be read to their end.
    return with_attributes(
        _filtered(dataset, is_enough).apply(tf.data.experimental.assert_cardinality(len(dataset) - 1)), dataset
    )


class TooFewImages(keras.callbacks.Callback):
    """Warns once how many batches of a fit or an evaluation were left out because they had too few images.

    Args:
        minimum: int, as for `with_enough_images`.
        method: str, as there.
        training: what it returned of the training data, or None.
        held_out: what it returned of the held-out data, or None.
        replicas: int, as there.
    """

    def __init__(self, minimum, method, training=None, held_out=None, replicas=1):
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
        """Likewise."""
        self._batches["evaluation"] += 1

    def on_epoch_end(self, epoch, logs=None):
        """Warns after the first epoch; that nothing was left to learn from is an error."""
        self._say("training")

    def on_test_end(self, logs=None):
        """Likewise, after the first evaluation."""
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
                f"{self._batches[phase] + count} batches {count} had fewer and were left out.",
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
    """How many images the usual and the last batch of a data set have, or None twice where that is not known."""
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
