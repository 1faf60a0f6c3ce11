import tensorflow as tf

from keras_ssl import distribute

# Keeps the logarithms finite for a unit that is always on or always off.
EPSILON = 1e-6


def l1_sparsity(code: tf.Tensor, target: float | None = None) -> tf.Tensor:
    """L1 sparsity penalty: the mean absolute value of the code.

    Args:
        code: Float tensor of shape `(batch, dim)`.
        target: Not used. Present because `kl_sparsity` takes it.

    Returns:
        Float32 scalar.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> float(keras_ssl.losses.l1_sparsity(tf.constant([[1.0, -3.0]])))
    2.0
    """
    return tf.reduce_mean(tf.abs(tf.cast(code, tf.float32)))


def kl_sparsity(code: tf.Tensor, target: float = 0.05) -> tf.Tensor:
    """KL sparsity penalty: each unit should be active for a share of about `target` of the images.

    Ng 2011, "Sparse autoencoder" (https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf), section 3: with ρ̂ⱼ
    the mean over the batch of the sigmoid of unit j, and ρ the target,

        Σⱼ KL(ρ ‖ ρ̂ⱼ) = Σⱼ ρ log(ρ / ρ̂ⱼ) + (1 − ρ) log((1 − ρ) / (1 − ρ̂ⱼ))

    averaged here over the units, so that its weight does not depend on their number. On several replicas ρ̂ is that
    of the global batch.

    Args:
        code: Float tensor of shape `(batch, dim)`, before the sigmoid.
        target: Float ρ in `(0, 1)`. Defaults to `0.05`, as in the notes.

    Returns:
        Float32 scalar, 0 when every unit has the mean activation `target`.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> round(float(keras_ssl.losses.kl_sparsity(tf.zeros((4, 3)), target=0.5)), 6)
    0.0
    """
    active = tf.reduce_mean(distribute.gather(tf.sigmoid(tf.cast(code, tf.float32))), axis=0)
    active = tf.clip_by_value(active, EPSILON, 1.0 - EPSILON)
    on = target * tf.math.log(target / active)
    off = (1.0 - target) * tf.math.log((1.0 - target) / (1.0 - active))
    return tf.reduce_mean(on + off)
