import tensorflow as tf


def r1_penalty(gradients):
    """How steep a discriminator is where the real images lie.

    Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?"
    (https://arxiv.org/abs/1801.04406), equation 9, without its weight γ:

        R₁ = ½ E[‖∇ₓ D(x)‖²]

    Args:
        gradients: (batch, …) float tensor, of each image's logit with respect to its pixels. The paper's γ = 10 is
            for pixels in [-1, 1].

    Returns:
        Scalar float32, 0 where the discriminator is flat.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> float(keras_ssl.losses.r1_penalty(tf.ones((2, 4, 4, 3))))
    24.0
    """
    flat = tf.reshape(tf.cast(gradients, tf.float32), (tf.shape(gradients)[0], -1))
    return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(flat), axis=1))
