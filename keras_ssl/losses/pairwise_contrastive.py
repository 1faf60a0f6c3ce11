import tensorflow as tf

from keras_ssl.losses.distance import euclidean_distance


def pairwise_contrastive(a: tf.Tensor, b: tf.Tensor, same: tf.Tensor, margin: float = 1.0) -> tf.Tensor:
    """Contrastive loss of pairs: same images attract, different images repel up to a margin.

    With the distance D = ‖a - b‖ and the margin m (Hadsell et al. 2006, "Dimensionality Reduction by Learning an
    Invariant Mapping", equation 4, http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf):

        ℓ = ½ D²                 for the same image,
        ℓ = ½ max(0, m - D)²     for different images,

    averaged over the pairs. Some libraries leave the ½ out.

    Args:
        a: Float tensor of shape `(batch, dim)`, not normalized here.
        b: Float tensor of shape `(batch, dim)`.
        same: Boolean or 0/1 tensor of shape `(batch,)`: whether row i of `a` and row i of `b` show the same
            image.
        margin: Float > 0. Defaults to `1.0`.

    Returns:
        Float32 scalar of at least 0. Its gradient is finite at distance 0.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> a, b = tf.random.normal((4, 16)), tf.random.normal((4, 16))
    >>> loss = keras_ssl.losses.pairwise_contrastive(a, b, same=[True, True, False, False])
    """
    distance, same = euclidean_distance(a, b), tf.cast(same, tf.float32)
    pull, push = tf.square(distance), tf.square(tf.nn.relu(margin - distance))
    return tf.reduce_mean(same * pull + (1.0 - same) * push) / 2.0
