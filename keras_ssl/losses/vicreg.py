import tensorflow as tf

from keras_ssl.losses.similarity import off_diagonal_squares

# Inside the root of the standard deviation, so that its gradient is finite at 0 (section 4.1).
EPSILON = 1e-4


def vicreg(
    z_a: tf.Tensor,
    z_b: tf.Tensor,
    invariance_weight: float = 25.0,
    variance_weight: float = 25.0,
    covariance_weight: float = 1.0,
    *,
    global_views: tuple[tf.Tensor, ...] | None = None,
) -> tf.Tensor:
    """VICReg loss: invariance between the views, variance and decorrelation of the dimensions.

    Bardes et al. 2021, "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning"
    (https://arxiv.org/abs/2105.04906, equation 6): ℓ = λ s + μ v + ν c, of the three terms of `vicreg_terms`.

    Args:
        z_a: Float tensor of shape `(batch, dim)`: embeddings of the first views, of at least two images. Not
            normalized here.
        z_b: Float tensor of shape `(batch, dim)`: embeddings of the second views; row i shows the same image as row i
            of `z_a`.
        invariance_weight: Float λ. Defaults to `25`. All defaults are the paper's.
        variance_weight: Float μ. Defaults to `25`.
        covariance_weight: Float ν. Defaults to `1`.
        global_views: Optional tuple `(all_a, all_b, first_row)`, the result of `keras_ssl.losses.gather_views`, for
            training on several replicas. The terms are those of the global batch, the same on every replica.

    Returns:
        Float32 scalar.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> loss = keras_ssl.losses.vicreg(z_a, z_b)
    """
    invariance, variance, covariance = vicreg_terms(z_a, z_b, global_views=global_views)
    return invariance_weight * invariance + variance_weight * variance + covariance_weight * covariance


def vicreg_terms(
    z_a: tf.Tensor, z_b: tf.Tensor, *, global_views: tuple[tf.Tensor, ...] | None = None
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The three terms of `vicreg`, unweighted, for separate logging.

    With d dimensions, the standard deviation S(x) = √(Var(x) + 1e-4) over the batch, the covariance matrix C(Z), and
    variances that divide by batch - 1 (the paper's equations 1 to 5):

        s = mean of (z_a - z_b)²
        v = mean over views and dimensions of max(0, 1 - S(z_j))
        c = Σ_{Z = Z_a, Z_b} 1/d Σ_{i ≠ j} C(Z)_ij²

    Here s divides by batch and dimensions, and v is the mean over the two views, as in the paper's code; the paper's
    equations divide s by the batch alone and add v up.

    Args: as for `vicreg`, without the weights.

    Returns:
        Tuple of three float32 scalars: invariance, variance and covariance.
    """
    z_a, z_b, _ = (z_a, z_b, 0) if global_views is None else global_views
    z_a, z_b = tf.cast(z_a, tf.float32), tf.cast(z_b, tf.float32)
    invariance = tf.reduce_mean(tf.math.squared_difference(z_a, z_b))
    variance_a, covariance_a = _variance_and_covariance(z_a)
    variance_b, covariance_b = _variance_and_covariance(z_b)
    return invariance, (variance_a + variance_b) / 2.0, covariance_a + covariance_b


def _variance_and_covariance(z):
    z = z - tf.reduce_mean(z, axis=0)  # not -=, which a tf.Variable refuses
    batch, dimensions = (tf.cast(size, tf.float32) for size in tf.unstack(tf.shape(z)))
    squares, products = off_diagonal_squares(z, z)
    deviation = tf.sqrt(products / (batch - 1.0) + EPSILON)
    return tf.reduce_mean(tf.nn.relu(1.0 - deviation)), squares / (batch - 1.0) ** 2 / dimensions
