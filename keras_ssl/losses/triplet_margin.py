import tensorflow as tf

from keras_ssl.losses.distance import euclidean_distance


def triplet_margin(anchor, positive, negative, margin=1.0):
    """An anchor is nearer to its positive than to its negative, by a margin.

    With the Euclidean distance D, not squared, and the margin m (Balntas et al. 2016, "Learning local feature
    descriptors with triplets and shallow convolutional neural networks",
    http://www.bmva.org/bmvc/2016/papers/paper119/; Schroff et al. 2015, https://arxiv.org/abs/1503.03832, equation 1,
    square the distances):

        ℓ = max(0, D(anchor, positive) - D(anchor, negative) + m)

    averaged over the triplets.

    Args:
        anchor: (batch, dim) float tensor, taken as it is, as are the others.
        positive: (batch, dim) float tensor, another view of the anchor's image.
        negative: (batch, dim) float tensor, a view of another image: see `keras_ssl.losses.MINERS`.
        margin: positive float. Defaults to 1.0.

    Returns:
        Scalar float32 of at least 0. Its gradient is finite at distance 0.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> anchor, positive, negative = tf.random.normal((3, 8, 16))
    >>> loss = keras_ssl.losses.triplet_margin(anchor, positive, negative)
    """
    near, far = euclidean_distance(anchor, positive), euclidean_distance(anchor, negative)
    return tf.reduce_mean(tf.nn.relu(near - far + margin))
