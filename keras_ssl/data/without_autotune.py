import tensorflow as tf

from keras_ssl.data.batches import with_attributes


def without_autotune(dataset):
    """Turns tf.data's autotuner off, which would delay every epoch.

    An iterator that was consumed inside a `tf.function`, as Keras' fit does, waits at its deletion for the tuner's
    sleeping thread, whose period doubles from 10 ms up to a minute. Every epoch ends with such a wait.

    Args:
        dataset: A `tf.data.Dataset`. Anything else, and a data set whose options say themselves whether to tune,
            is returned as it is.

    Returns:
        A data set of the same elements, cardinality and attributes, such as the `epoch` of `set_epoch`.

    Example:

    >>> without_autotune(tf.data.Dataset.range(3)).options().autotune.enabled
    False
    """
    if not isinstance(dataset, tf.data.Dataset) or dataset.options().autotune.enabled is not None:
        return dataset
    options = tf.data.Options()
    options.autotune.enabled = False
    return with_attributes(dataset.with_options(options), dataset)
