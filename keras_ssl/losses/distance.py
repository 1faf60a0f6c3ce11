import tensorflow as tf


def root(squared):
    """The square root of a float tensor, at 0 and below 0 with a gradient of 0; of NaN it is NaN."""
    # The inner choice keeps the root's infinite slope at 0 out of the gradient, the outer one keeps the value.
    none = squared <= 0.0
    return tf.where(none, 0.0, tf.sqrt(tf.where(none, 1.0, squared)))


def euclidean_distance(a, b):
    """Euclidean distance of each row of `a` to the same row of `b`, in float32.

    Args:
        a: (batch, dim) float tensor.
        b: (batch, dim) float tensor.

    Returns:
        (batch,) float32 tensor. Where two rows are equal it is 0, and so is its gradient, which the root leaves
        undefined.
    """
    return root(tf.reduce_sum(tf.math.squared_difference(tf.cast(a, tf.float32), tf.cast(b, tf.float32)), axis=-1))


def euclidean_distances(a, b):
    """Euclidean distance of every row of `a` to every row of `b`, in float32, for choosing among them.

    As ‖a‖² + ‖b‖² - 2 a·b, which needs no (n, m, dim) tensor and rounds to about a thousandth of the rows' length.

    Args:
        a: (n, dim) float tensor.
        b: (m, dim) float tensor.

    Returns:
        (n, m) float32 tensor.
    """
    a, b = tf.cast(a, tf.float32), tf.cast(b, tf.float32)
    squares = tf.reduce_sum(tf.square(a), axis=1)[:, tf.newaxis] + tf.reduce_sum(tf.square(b), axis=1)
    return root(squares - 2.0 * tf.matmul(a, b, transpose_b=True))


def embedding_spread(z):
    """How far the embeddings of a batch are apart: 0 when they have collapsed to one direction.

    The standard deviation over the batch of each dimension of z / ‖z‖, averaged, times √dim. Chen and He 2020
    ("Exploring Simple Siamese Representation Learning", section 4.1) watch the same quantity: 1 / √dim for
    embeddings spread evenly over the sphere, so about 1 after the scaling here.

    Args:
        z: (batch, dim) float tensor.

    Returns:
        Scalar float32 in [0, 1]: the square of every row of z / ‖z‖ sums to 1, so no larger spread exists.
    """
    z = tf.math.l2_normalize(tf.cast(z, tf.float32), axis=-1)
    return tf.reduce_mean(root(tf.math.reduce_variance(z, axis=0))) * tf.sqrt(tf.cast(tf.shape(z)[1], tf.float32))
