from typing import Any

import tensorflow as tf

from keras_ssl.data.batches import with_attributes


def without_autotune(dataset: Any) -> Any:
    """Turn off tf.data's autotuner, which would delay every epoch.

    When an iterator that was used inside a `tf.function` is deleted, as at the end of every epoch of Keras' fit, it
    waits for the tuner's thread. That thread sleeps for a period that doubles from 10 ms up to a minute.

    Args:
        dataset: A `tf.data.Dataset`. Anything else, and a data set whose options turn the autotuner on or off, is
            returned unchanged.

    Returns:
        A data set with the same elements, cardinality and attributes, such as the `epoch` of `set_epoch`.

    Example:

    >>> without_autotune(tf.data.Dataset.range(3)).options().autotune.enabled
    False
    """
    if not isinstance(dataset, tf.data.Dataset) or dataset.options().autotune.enabled is not None:
        return dataset
    options = tf.data.Options()
    options.autotune.enabled = False
    return with_attributes(dataset.with_options(options), dataset)
