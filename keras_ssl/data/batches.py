import warnings
from typing import Any

import tensorflow as tf

from keras_ssl.checks.arguments import check_batch_size


def images_per_epoch(count: int, batch_size: int, shuffle: bool, drop_remainder: bool | None = None) -> int:
    """Number of images, of `count`, that one epoch uses.

    A shuffled data set is for training: it leaves out the images that do not fill a batch, unless they are all it
    has. Others keep every image. With `drop_remainder=False`, training still leaves out a last batch of one, with a
    warning: methods that compare the images of a batch cannot learn from it.

    Args:
        count: Integer > 0. Number of images.
        batch_size: Positive integer.
        shuffle: Boolean. Whether the data set is for training.
        drop_remainder: Boolean. `None` means the value of `shuffle`. Defaults to `None`.

    Returns:
        Integer from 1 to `count`.

    Raises:
        ValueError: If `batch_size` is not a positive integer.
    """
    check_batch_size(batch_size)
    remainder = count % batch_size
    if count <= batch_size:
        return count
    if shuffle if drop_remainder is None else drop_remainder:
        return count - remainder
    if shuffle and remainder == 1:
        warnings.warn(
            f"The last of {count} images would be a batch of one, and methods that compare images cannot learn "
            f"from that. Each epoch leaves out one image (batch_size={batch_size}).",
            stacklevel=3,
        )
        return count - 1
    return count


def finish(dataset: tf.data.Dataset, used: int, batch_size: int, **attributes: Any) -> tf.data.Dataset:
    """Set the number of batches of a batched data set, its prefetching, and the attributes that users read."""
    options = tf.data.Options()
    # tf.data does not see files that it could divide among workers.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    options.autotune.enabled = False  # see `without_autotune`, which does it for other data sets
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(-(-used // batch_size)))
    dataset = dataset.prefetch(tf.data.AUTOTUNE).with_options(options)
    dataset.batch_sizes = (batch_size, used % batch_size or batch_size)  # the usual one, and the last
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


def with_length(dataset: tf.data.Dataset, count: int) -> tf.data.Dataset:
    """Set the number of batches in an epoch of a shuffled data set: a part of a pass, or several passes.

    Args:
        dataset: A data set of this package, or one derived from it, which may be repeated.
        count: Integer > 0. Number of batches.

    Returns:
        A data set with the attributes of `dataset`, and `passes`: the number of passes in an epoch, each with an
        order of its own.
    """
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        return with_attributes(dataset.take(count), dataset)
    passes = -(-count // len(dataset))
    derived = with_attributes(dataset.repeat(passes).take(count), dataset)
    derived.passes = passes
    return derived


def with_attributes(derived: tf.data.Dataset, dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Copy to `derived` the attributes of `dataset` that tf.data drops, such as the `epoch` of `set_epoch`."""
    for name, value in vars(dataset).items():
        if not name.startswith("_"):
            setattr(derived, name, value)
    return derived
