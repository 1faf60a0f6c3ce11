from collections.abc import Callable

import tensorflow as tf


def contractive_penalty(
    encode: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor, directions: tf.Tensor
) -> tf.Tensor:
    """Contractive penalty: the squared Frobenius norm of the encoder's Jacobian.

    Rifai et al. 2011, "Contractive Auto-Encoders: Explicit Invariance During Feature Extraction"
    (https://icml.cc/2011/papers/455_icmlpaper.pdf), equation 1, ‖J_f(x)‖²_F with x in [0, 1]. The paper has a closed
    form for one layer. Here the norm is estimated for any encoder, from one random direction v in code space per
    image (Hutchinson 1990): E‖vᵀJ‖² = ‖J‖²_F for v of independent entries with mean 0 and variance 1.

    Args:
        encode: Callable from raw pixels (batch, height, width, channels) to codes (batch, dim).
        images: Float32 tensor of shape `(batch, height, width, channels)`: raw pixels in `[0, 255]`.
        directions: Float32 tensor of shape `(batch, dim)` of independent standard normal numbers.

    Returns:
        Float32 scalar, the mean over the batch of the estimate, divided by the code's dimensions.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> images, directions = tf.random.uniform((4, 2, 2, 1), 0, 255), tf.ones((4, 4))
    >>> penalty = keras_ssl.losses.contractive_penalty(lambda x: tf.reshape(x, (-1, 4)) / 255, images, directions)
    >>> round(float(penalty), 3)
    1.0
    """
    images, directions = tf.cast(images, tf.float32), tf.cast(directions, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        codes = tf.cast(encode(images), tf.float32)
    products = 255.0 * tape.gradient(codes, images, output_gradients=directions)
    norms = tf.reduce_sum(tf.square(products), axis=tf.range(1, tf.rank(products)))
    return tf.reduce_mean(norms) / codes.shape[-1]
