import warnings

import tensorflow as tf

from keras_ssl.checks.arguments import check_batch_size


def images_per_epoch(count, batch_size, shuffle, drop_remainder=None):
    """Number of images, of `count`, that one epoch uses.

    A shuffled data set is a training data set: it leaves out what does not fill a batch, unless it holds less
    than one batch at all. Others keep every image. Where the remainder is asked for, a last batch of one is
    left out of training with a warning, since what compares the images of a batch cannot learn from it.

    Args:
        count: Number of images, at least 1.
        batch_size: A positive integer.
        shuffle: Boolean: whether the data set is for training.
        drop_remainder: Boolean, or `None` for the value of `shuffle`. Defaults to `None`.

    Returns:
        An integer from 1 to `count`.

    Raises:
        ValueError: If `batch_size` is no positive integer.
    """
    check_batch_size(batch_size)
    remainder = count % batch_size
    if count <= batch_size:
        return count
    if shuffle if drop_remainder is None else drop_remainder:
        return count - remainder
    if shuffle and remainder == 1:
        warnings.warn(
            f"The last of {count} images would be a batch of one, from which a method that compares images "
            f"cannot learn. Each epoch leaves one image out (batch_size={batch_size}).",
            stacklevel=3,
        )
        return count - 1
    return count


def finish(dataset, used, batch_size, **attributes):
    """Give a batched data set its number of batches, prefetching, and the attributes that users read."""
    options = tf.data.Options()
    # The images do not come from files that workers could share out, as far as tf.data can see.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    options.autotune.enabled = False  # see `without_autotune`, for data sets of others
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(-(-used // batch_size)))
    dataset = dataset.prefetch(tf.data.AUTOTUNE).with_options(options)
    dataset.batch_sizes = (batch_size, used % batch_size or batch_size)  # the usual one, and the last
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


def with_length(dataset, count):
    """Gives the epochs of a shuffled data set another number of batches: a part of a pass, or several passes.

    Args:
        dataset: A data set of this package, or one derived from it, which may be repeated.
        count: Integer > 0, how many batches.

    Returns:
        A data set with the attributes of `dataset`, and `passes`, the passes of an epoch, of which each has an order
        of its own.
    """
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        return with_attributes(dataset.take(count), dataset)
    passes = -(-count // len(dataset))
    derived = with_attributes(dataset.repeat(passes).take(count), dataset)
    derived.passes = passes
    return derived


def with_attributes(derived, dataset):
    """Copies to `derived` the attributes of `dataset` that tf.data drops, such as the `epoch` of `set_epoch`."""
    for name, value in vars(dataset).items():
        if not name.startswith("_"):
            setattr(derived, name, value)
    return derived
