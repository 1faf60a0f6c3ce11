"""The two terms of a variational autoencoder's loss: negative log-likelihood, and divergence from the prior.

The likelihoods are in nats per pixel and channel, the divergence is in nats per image.
"""

import math

import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.losses.reconstruction import binary_cross_entropy, squared_error

# Keeps the logarithm finite for a perfect reconstruction: the variance of rounding to 256 levels, in [0, 1].
ROUNDING_VARIANCE = 1 / 12 / 255**2


def gaussian_likelihood(images: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Negative log-likelihood of a Gaussian around the outputs, with the variance that fits the batch best.

    Rybkin et al. 2021, "Simple and Effective VAE Training with Calibrated Decoders"
    (https://arxiv.org/abs/2006.13202), equation 5: the best variance is the mean squared error itself, which leaves ½
    log(2πe·MSE). On several replicas it is that of the global batch.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)` in `[0, 1]`.
        outputs: Float tensor of the same shape, from the decoder.

    Returns:
        Float32 scalar: −log p(x) in nats per pixel and channel; negative for small errors, as densities may exceed 1.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> nats = keras_ssl.losses.gaussian_likelihood(tf.ones((2, 4, 4, 1)), tf.zeros((2, 4, 4, 1)))
    >>> round(float(nats), 3)  # ½ log(2πe)
    1.419
    """
    error = squared_error(images, outputs)
    weighted = distribute.share(tf.shape(images)[0]).weight * error
    variance = tf.reduce_sum(distribute.gather(tf.reshape(weighted, (1,)))) + ROUNDING_VARIANCE
    return 0.5 * (tf.math.log(2 * math.pi * variance) + 1.0)


def bernoulli_likelihood(images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Negative log-likelihood of independent Bernoulli pixels: `keras_ssl.losses.binary_cross_entropy`.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)` in `[0, 1]`.
        logits: Float tensor of the same shape, from the decoder.

    Returns:
        Float32 scalar: −log p(x) in nats per pixel and channel.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> nats = keras_ssl.losses.bernoulli_likelihood(tf.ones((2, 4, 4, 1)), tf.zeros((2, 4, 4, 1)))
    >>> round(float(nats), 3)  # log 2
    0.693
    """
    return binary_cross_entropy(images, logits)


def gaussian_kl(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Kullback-Leibler divergence of diagonal Gaussians from the standard normal distribution.

    Kingma and Welling 2013, "Auto-Encoding Variational Bayes" (https://arxiv.org/abs/1312.6114), appendix B:

        KL( N(μ, σ²) ‖ N(0, 1) ) = −½ Σⱼ (1 + log σⱼ² − μⱼ² − σⱼ²)

    Args:
        mean: Float tensor of shape `(batch, dim)`: μ.
        log_variance: Float tensor of shape `(batch, dim)`: log σ².

    Returns:
        Float32 scalar: nats per image, the mean over the batch.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> float(keras_ssl.losses.gaussian_kl(tf.ones((4, 2)), tf.zeros((4, 2))))
    1.0
    """
    mean, log_variance = tf.cast(mean, tf.float32), tf.cast(log_variance, tf.float32)
    terms = 1.0 + log_variance - tf.square(mean) - tf.exp(log_variance)
    return -0.5 * tf.reduce_mean(tf.reduce_sum(terms, axis=1))
