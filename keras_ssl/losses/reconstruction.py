"""Reconstruction losses, and the map from a decoder's output to pixels.

Images and outputs are (batch, height, width, channels); images are in [0, 1]. All return a scalar float32, a mean
over images, pixels and channels.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

# Wang et al. 2004, section III.B: an 11 x 11 Gaussian window.
SSIM_WINDOW = 11


def squared_error(images: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Mean squared error, which is the Gaussian negative log-likelihood up to constants.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)` in `[0, 1]`.
        outputs: Float tensor of the same shape, from the decoder, unbounded.

    Returns:
        Float32 scalar.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> float(keras_ssl.losses.squared_error(tf.ones((2, 4, 4, 1)), tf.zeros((2, 4, 4, 1))))
    1.0
    """
    return tf.reduce_mean(tf.math.squared_difference(_float32(images), _float32(outputs)))


def binary_cross_entropy(images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean binary cross-entropy, −x log σ(o) − (1 − x) log(1 − σ(o)).

    Smallest where σ(o) = x. That minimum is 0 only for pixels of 0 or 1.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)` in `[0, 1]`.
        logits: Float tensor of the same shape, from the decoder, before the sigmoid σ.

    Returns:
        Float32 scalar.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> loss = keras_ssl.losses.binary_cross_entropy(tf.ones((2, 4, 4, 1)), tf.zeros((2, 4, 4, 1)))
    >>> round(float(loss), 3)  # log 2
    0.693
    """
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=_float32(images), logits=_float32(logits))
    return tf.reduce_mean(losses)


def structural_dissimilarity(images: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """1 − SSIM, which compares means, contrasts and correlations in small windows.

    Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity"
    (https://doi.org/10.1109/TIP.2003.819861), equation 13, with their 11 × 11 Gaussian window, or one as large as the
    image where that is smaller.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)` in `[0, 1]`; height and width are fixed.
        outputs: Float tensor of the same shape, from the decoder.

    Returns:
        Float32 scalar in `[0, 2]`, 0 for equal images.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> images = tf.random.uniform((2, 8, 8, 3))
    >>> round(float(keras_ssl.losses.structural_dissimilarity(images, images)), 3)
    0.0
    """
    images, outputs = _float32(images), _float32(outputs)
    window = min(SSIM_WINDOW, *images.shape[1:3])
    return 1.0 - tf.reduce_mean(tf.image.ssim(images, outputs, max_val=1.0, filter_size=window))


class Reconstruction(NamedTuple):
    """A loss between images and a decoder's outputs, and the map from these outputs to pixels in [0, 1]."""

    loss: Callable
    to_pixels: Callable


RECONSTRUCTIONS = {
    "mse": Reconstruction(squared_error, tf.identity),
    "bce": Reconstruction(binary_cross_entropy, tf.sigmoid),
    "ssim": Reconstruction(structural_dissimilarity, tf.identity),
}


def _float32(tensor):
    return tf.cast(tensor, tf.float32)
