import tensorflow as tf

from keras_ssl.losses.distance import euclidean_distance


def triplet_margin(anchor: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor, margin: float = 1.0) -> tf.Tensor:
    """Triplet loss: the anchor should be nearer to its positive than to its negative, by a margin.

    With the Euclidean distance D, not squared, and the margin m (Balntas et al. 2016, "Learning local feature
    descriptors with triplets and shallow convolutional neural networks",
    http://www.bmva.org/bmvc/2016/papers/paper119/; Schroff et al. 2015, https://arxiv.org/abs/1503.03832, equation 1,
    square the distances):

        ℓ = max(0, D(anchor, positive) - D(anchor, negative) + m)

    averaged over the triplets.

    Args:
        anchor: Float tensor of shape `(batch, dim)`. No argument is normalized here.
        positive: Float tensor of shape `(batch, dim)`: another view of the anchor's image.
        negative: Float tensor of shape `(batch, dim)`: a view of another image: see `keras_ssl.losses.MINERS`.
        margin: Float > 0. Defaults to `1.0`.

    Returns:
        Float32 scalar of at least 0. Its gradient is finite at distance 0.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> anchor, positive, negative = tf.random.normal((3, 8, 16))
    >>> loss = keras_ssl.losses.triplet_margin(anchor, positive, negative)
    """
    near, far = euclidean_distance(anchor, positive), euclidean_distance(anchor, negative)
    return tf.reduce_mean(tf.nn.relu(near - far + margin))
