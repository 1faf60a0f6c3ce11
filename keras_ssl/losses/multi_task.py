import tensorflow as tf

from keras_ssl import distribute


def uncertainty_weighted(losses, log_variances, known=None):
    """The sum of several tasks' losses, with weights that are learned as the tasks' uncertainty.

    With s = log σ² for each task, learned beside the network's weights (Kendall et al. 2018, "Multi-Task Learning
    Using Uncertainty to Weigh Losses for Scene Geometry and Semantics", https://arxiv.org/abs/1705.07115, section
    3.2):

        L = Σ_i exp(−s_i) L_i + s_i

    The paper's terms are L / 2σ² + log σ for a regression (equation 7), half of the above, and L / σ² + log σ for a
    classification (equation 10), where s would come with 1/2. One form is taken for all tasks here: each weight
    settles at 1 / L_i, where the paper's would be at half of that for classifications.

    Args:
        losses: (tasks,) float tensor, none negative.
        log_variances: (tasks,) float tensor, s; 0 gives every task the weight 1.
        known: optional (tasks,) boolean tensor, which losses say anything. A task without a label in this batch has
            none, and then no s either, or its weight would grow without end.

    Returns:
        Scalar float32, which may be negative.

    Example:

    >>> import keras_ssl
    >>> float(keras_ssl.losses.uncertainty_weighted([2.0, 0.5], [0.0, 0.0]))
    2.5
    """
    losses, log_variances = tf.cast(losses, tf.float32), tf.cast(log_variances, tf.float32)
    terms = tf.exp(-log_variances) * losses + log_variances
    return tf.reduce_sum(terms if known is None else tf.where(known, terms, 0.0))


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
