import tensorflow as tf


def root(squared: tf.Tensor) -> tf.Tensor:
    """Square root with value and gradient 0 for inputs of at most 0; NaN stays NaN."""
    # The inner `where` keeps the infinite slope at 0 out of the gradient, the outer one sets the value.
    none = squared <= 0.0
    return tf.where(none, 0.0, tf.sqrt(tf.where(none, 1.0, squared)))


def euclidean_distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Euclidean distance of each row of `a` to the same row of `b`, in float32.

    Args:
        a: Float tensor of shape `(batch, dim)`.
        b: Float tensor of shape `(batch, dim)`.

    Returns:
        Float32 tensor of shape `(batch,)`. For equal rows it is 0, and so is its gradient, which is undefined there.
    """
    return root(tf.reduce_sum(tf.math.squared_difference(tf.cast(a, tf.float32), tf.cast(b, tf.float32)), axis=-1))


def euclidean_distances(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Euclidean distance of every row of `a` to every row of `b`, in float32.

    Computed as ‖a‖² + ‖b‖² - 2 a·b, without an (n, m, dim) tensor. The rounding error is about a thousandth of the
    rows' length: precise enough to rank distances.

    Args:
        a: Float tensor of shape `(n, dim)`.
        b: Float tensor of shape `(m, dim)`.

    Returns:
        Float32 tensor of shape `(n, m)`.
    """
    a, b = tf.cast(a, tf.float32), tf.cast(b, tf.float32)
    squares = tf.reduce_sum(tf.square(a), axis=1)[:, tf.newaxis] + tf.reduce_sum(tf.square(b), axis=1)
    return root(squares - 2.0 * tf.matmul(a, b, transpose_b=True))


def embedding_spread(z: tf.Tensor) -> tf.Tensor:
    """Spread of a batch of embeddings: 0 when they have collapsed to one direction.

    The mean over the dimensions of the standard deviation of z / ‖z‖ over the batch, times √dim. Chen and He 2020
    ("Exploring Simple Siamese Representation Learning", section 4.1) watch the same quantity: 1 / √dim for
    embeddings spread evenly over the sphere, so about 1 after the scaling here.

    Args:
        z: Float tensor of shape `(batch, dim)`.

    Returns:
        Float32 scalar in `[0, 1]`. The upper bound holds because the rows of z / ‖z‖ have length 1.
    """
    z = tf.math.l2_normalize(tf.cast(z, tf.float32), axis=-1)
    return tf.reduce_mean(root(tf.math.reduce_variance(z, axis=0))) * tf.sqrt(tf.cast(tf.shape(z)[1], tf.float32))
