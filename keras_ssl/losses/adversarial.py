import tensorflow as tf


def discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor, label_smoothing: float = 0.0) -> tf.Tensor:
    """Discriminator loss of a GAN: the cross-entropies of real and of generated images.

    With D(x) = σ(logit), the discriminator's side of Goodfellow et al. 2014, "Generative Adversarial Nets"
    (https://arxiv.org/abs/1406.2661), equation 1, as a loss:

        L = -E[log D(x)] - E[log(1 - D(G(z)))]

    One-sided label smoothing (Salimans et al. 2016, "Improved Techniques for Training GANs",
    https://arxiv.org/abs/1606.03498, section 3.4) has the target 1 - s instead of 1 for real images, so the
    discriminator gains nothing from being too sure. The first term is then -E[(1 - s) log D(x) + s log(1 - D(x))].

    Args:
        real_logits: Float tensor of shape `(batch, 1)`: the discriminator's logits of real images.
        fake_logits: Float tensor of shape `(batch, 1)`: its logits of generated images.
        label_smoothing: Float s in `[0, 1)`. Defaults to `0.0`; the paper has 0.1.

    Returns:
        Float32 scalar. It is 2 log 2 when all logits are 0.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> loss = keras_ssl.losses.discriminator_loss(tf.zeros((8, 1)), tf.zeros((8, 1)))
    >>> round(float(loss), 4)
    1.3863
    """
    real_logits, fake_logits = tf.cast(real_logits, tf.float32), tf.cast(fake_logits, tf.float32)
    targets = tf.fill(tf.shape(real_logits), 1.0 - label_smoothing)
    real = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=real_logits)
    fake = tf.nn.softplus(fake_logits)
    return tf.reduce_mean(real) + tf.reduce_mean(fake)


def generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """Generator loss of a GAN, in its non-saturating form.

    Goodfellow et al. 2014, "Generative Adversarial Nets" (https://arxiv.org/abs/1406.2661), section 3: instead of
    log(1 - D(G(z))), whose gradient vanishes while the discriminator wins, the generator minimizes

        L = -E[log D(G(z))]

    Args:
        fake_logits: Float tensor of shape `(batch, 1)`: the discriminator's logits of generated images.

    Returns:
        Float32 scalar. It is log 2 when all logits are 0.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> round(float(keras_ssl.losses.generator_loss(tf.zeros((8, 1)))), 4)
    0.6931
    """
    return tf.reduce_mean(tf.nn.softplus(-tf.cast(fake_logits, tf.float32)))


def r1_penalty(gradients: tf.Tensor) -> tf.Tensor:
    """R₁ penalty: the squared gradient of a discriminator at the real images.

    Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?"
    (https://arxiv.org/abs/1801.04406), equation 9, without its weight γ:

        R₁ = ½ E[‖∇ₓ D(x)‖²]

    Args:
        gradients: Float tensor of shape `(batch, …)`: the gradient of each image's logit with respect to its
            pixels. The paper's γ = 10 is for pixels in `[-1, 1]`.

    Returns:
        Float32 scalar, 0 where the discriminator is flat.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> float(keras_ssl.losses.r1_penalty(tf.ones((2, 4, 4, 3))))
    24.0
    """
    flat = tf.reshape(tf.cast(gradients, tf.float32), (tf.shape(gradients)[0], -1))
    return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(flat), axis=1))
