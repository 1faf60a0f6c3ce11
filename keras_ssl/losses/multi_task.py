import tensorflow as tf

from keras_ssl import distribute


def uncertainty_weighted(losses: tf.Tensor, log_variances: tf.Tensor, known: tf.Tensor | None = None) -> tf.Tensor:
    """Sum of the losses of several tasks, weighted by learned uncertainties.

    With s = log σ² for each task, learned beside the network's weights (Kendall et al. 2018, "Multi-Task Learning
    Using Uncertainty to Weigh Losses for Scene Geometry and Semantics", https://arxiv.org/abs/1705.07115, section
    3.2):

        L = Σ_i exp(−s_i) L_i + s_i

    The paper's terms are L / 2σ² + log σ for a regression (equation 7), half of the above, and L / σ² + log σ for a
    classification (equation 10), where s would come with 1/2. One form is taken for all tasks here: each weight
    settles at 1 / L_i, where the paper's would be at half of that for classifications.

    Args:
        losses: Float tensor of shape `(tasks,)`, all >= 0.
        log_variances: Float tensor of shape `(tasks,)`: s; 0 gives every task the weight 1.
        known: Optional boolean tensor of shape `(tasks,)`: which tasks count. A task without labels in this batch
            must not count, or its weight would grow without bound.

    Returns:
        Float32 scalar, which may be negative.

    Example:

    >>> import keras_ssl
    >>> float(keras_ssl.losses.uncertainty_weighted([2.0, 0.5], [0.0, 0.0]))
    2.5
    """
    losses, log_variances = tf.cast(losses, tf.float32), tf.cast(log_variances, tf.float32)
    terms = tf.exp(-log_variances) * losses + log_variances
    return tf.reduce_sum(terms if known is None else tf.where(known, terms, 0.0))


def labelled_mean(values: tf.Tensor, labelled: tf.Tensor) -> tf.Tensor:
    """Mean over the labelled values only.

    On several replicas it is the mean over the global batch, however the labels are distributed: the values that the
    replicas return, each weighted by its share of the images, add up to it, and so do their gradients.

    Args:
        values: Float tensor of shape `(batch, …)`, such as a loss for each image. Unlabelled values must be finite;
            they get no gradient.
        labelled: Boolean tensor of the same shape: where there is a label; or a float tensor of
            weights, none below 0.

    Returns:
        Float32 scalar; 0, with a gradient of 0, where nothing in the global batch is labelled.

    Example:

    >>> import keras_ssl
    >>> float(keras_ssl.losses.labelled_mean([3.0, 5.0, 100.0], [True, True, False]))
    4.0
    """
    labelled = tf.cast(labelled, tf.float32)
    expected = distribute.share(tf.shape(labelled)[0]).weight * distribute.total(tf.reduce_sum(labelled))
    return tf.math.divide_no_nan(tf.reduce_sum(tf.cast(values, tf.float32) * labelled), expected)
