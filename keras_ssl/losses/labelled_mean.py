import tensorflow as tf

from keras_ssl import distribute


def labelled_mean(values, labelled):
    """Mean over what has a label, where labels may be missing.

    On several replicas the mean is over the labels of the global batch, however they are spread: the means that the
    replicas return, each weighted by its share of the images, add up to it, and so do their gradients.

    Args:
        values: float tensor (batch, …), such as a loss for each image. Where there is no label it may hold anything
            finite, and gets no gradient.
        labelled: boolean tensor of the same shape, where there is a label.

    Returns:
        Scalar float32; 0, with a gradient of 0, where nothing in the global batch is labelled.

    Example:

    >>> import keras_ssl
    >>> float(keras_ssl.losses.labelled_mean([3.0, 5.0, 100.0], [True, True, False]))
    4.0
    """
    labelled = tf.cast(labelled, tf.float32)
    expected = distribute.share(tf.shape(labelled)[0]).weight * distribute.total(tf.reduce_sum(labelled))
    return tf.math.divide_no_nan(tf.reduce_sum(tf.cast(values, tf.float32) * labelled), expected)
