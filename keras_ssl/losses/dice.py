import tensorflow as tf


def dice(labels: tf.Tensor, probabilities: tf.Tensor, weights: tf.Tensor | None = None) -> tf.Tensor:
    """Dice loss: one minus the overlap of predicted and true masks, averaged over the classes.

    For the mask g of a class and its probabilities p (Milletari et al. 2016, "V-Net", https://arxiv.org/abs/1606.04797,
    section 3), over all pixels of the batch:

        D = 2 Σ p·g / (Σ p² + Σ g²)

    and the loss is 1 − D, averaged over the classes that occur in the batch. A rare class counts as much as a
    frequent one. In a mean over pixels it would not.

    Args:
        labels: Float tensor of shape `(…, classes)`, the true masks, one-hot.
        probabilities: Float tensor of the same shape.
        weights: Float tensor of shape `(…)`, 0 for pixels without a label. Defaults to `None`: all count.

    Returns:
        Float32 scalar in `[0, 1]`; 0 where no pixel has a label.

    Example:

    >>> import keras_ssl
    >>> masks = [[1.0, 0.0], [0.0, 1.0]]
    >>> float(keras_ssl.losses.dice(masks, masks))
    0.0
    """
    labels, probabilities = tf.cast(labels, tf.float32), tf.cast(probabilities, tf.float32)
    weights = tf.ones(tf.shape(labels)[:-1]) if weights is None else tf.cast(weights, tf.float32)
    labels, probabilities = (weights[..., tf.newaxis] * masks for masks in (labels, probabilities))
    pixels = list(range(labels.shape.rank - 1))
    shared = tf.reduce_sum(labels * probabilities, axis=pixels)
    total = tf.reduce_sum(tf.square(labels) + tf.square(probabilities), axis=pixels)
    shown = tf.cast(tf.reduce_any(labels > 0, axis=pixels), tf.float32)
    loss = shown * (1 - tf.math.divide_no_nan(2 * shared, total))
    return tf.math.divide_no_nan(tf.reduce_sum(loss), tf.reduce_sum(shown))
