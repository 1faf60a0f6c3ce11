import tensorflow as tf

from keras_ssl.losses.similarity import off_diagonal_squares

# As in the paper's code, which standardizes with PyTorch's batch normalization: without weights, default epsilon.
EPSILON = 1e-5


def barlow_twins(
    z_a: tf.Tensor,
    z_b: tf.Tensor,
    redundancy_weight: float = 5e-3,
    *,
    global_views: tuple[tf.Tensor, ...] | None = None,
) -> tf.Tensor:
    """Barlow Twins loss: the cross-correlation matrix of the two views should be the identity.

    With C the cross-correlation, over the batch, of the dimensions of the two views (Zbontar et al. 2021, "Barlow
    Twins: Self-Supervised Learning via Redundancy Reduction", https://arxiv.org/abs/2103.03230, equations 1 and 2):

        ℓ = Σ_i (1 - C_ii)² + λ Σ_i Σ_{j ≠ i} C_ij²

    Args:
        z_a: Float tensor of shape `(batch, dim)`: embeddings of the first views. Each dimension is standardized here
            over the batch, by its biased variance.
        z_b: Float tensor of shape `(batch, dim)`: embeddings of the second views; row i shows the same image as row i
            of `z_a`.
        redundancy_weight: Float λ of at least 0. Defaults to `5e-3`, the paper's value; its code has 0.0051.
        global_views: Optional tuple `(all_a, all_b, first_row)`, the result of `keras_ssl.losses.gather_views`, for
            training on several replicas. The correlation is that of the global batch, the same on every replica.

    Returns:
        Float32 scalar: a sum over the dimensions, about `dim` for embeddings of noise.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> loss = keras_ssl.losses.barlow_twins(z_a, z_b)
    """
    z_a, z_b, _ = (z_a, z_b, 0) if global_views is None else global_views
    z_a, z_b = _standardized(z_a), _standardized(z_b)
    batch = tf.cast(tf.shape(z_a)[0], tf.float32)
    squares, products = off_diagonal_squares(z_a, z_b)
    invariance = tf.reduce_sum(tf.square(1.0 - products / batch))
    redundancy = squares / batch**2
    return invariance + redundancy_weight * redundancy


def _standardized(z):
    z = tf.cast(z, tf.float32)
    mean, variance = tf.nn.moments(z, axes=[0])
    return (z - mean) * tf.math.rsqrt(variance + EPSILON)
