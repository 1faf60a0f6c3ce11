import tensorflow as tf


def gaussian_kl(mean, log_variance):
    """Divergence of diagonal Gaussians from the standard normal distribution.

    Kingma and Welling 2013, "Auto-Encoding Variational Bayes" (https://arxiv.org/abs/1312.6114), appendix B:

        KL( N(μ, σ²) ‖ N(0, 1) ) = −½ Σⱼ (1 + log σⱼ² − μⱼ² − σⱼ²)

    Args:
        mean: (batch, dim) float tensor, μ.
        log_variance: (batch, dim) float tensor, log σ².

    Returns:
        Scalar float32: nats per image, the mean over the batch.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> float(keras_ssl.losses.gaussian_kl(tf.ones((4, 2)), tf.zeros((4, 2))))
    1.0
    """
    mean, log_variance = tf.cast(mean, tf.float32), tf.cast(log_variance, tf.float32)
    terms = 1.0 + log_variance - tf.square(mean) - tf.exp(log_variance)
    return -0.5 * tf.reduce_mean(tf.reduce_sum(terms, axis=1))
