import tensorflow as tf

from keras_ssl.losses.distance import euclidean_distance


def pairwise_contrastive(a, b, same, margin=1.0):
    """Pulls pairs of the same image together and pushes pairs of different images a margin apart.

    With the distance D = ‖a - b‖ and the margin m (Hadsell et al. 2006, "Dimensionality Reduction by Learning an
    Invariant Mapping", equation 4, http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf):

        ℓ = ½ D²                 for the same image,
        ℓ = ½ max(0, m - D)²     for different images,

    averaged over the pairs. Some libraries leave the ½ out.

    Args:
        a: (batch, dim) float tensor, taken as it is.
        b: (batch, dim) float tensor.
        same: (batch,) tensor, boolean or of 0 and 1: whether row i of `a` and row i of `b` show the same image.
        margin: positive float. Defaults to 1.0.

    Returns:
        Scalar float32 of at least 0. Its gradient is finite at distance 0.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> a, b = tf.random.normal((4, 16)), tf.random.normal((4, 16))
    >>> loss = keras_ssl.losses.pairwise_contrastive(a, b, same=[True, True, False, False])
    """
    distance, same = euclidean_distance(a, b), tf.cast(same, tf.float32)
    pull, push = tf.square(distance), tf.square(tf.nn.relu(margin - distance))
    return tf.reduce_mean(same * pull + (1.0 - same) * push) / 2.0
