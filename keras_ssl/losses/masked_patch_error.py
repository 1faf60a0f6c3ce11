import tensorflow as tf

# As in the official code. Pixels are in [-1, 1]: it matters for a deviation below an eighth of a gray level.
EPSILON = 1e-6


def masked_patch_error(
    predictions: tf.Tensor, patches: tf.Tensor, masked: tf.Tensor, normalize: bool = True
) -> tf.Tensor:
    """MAE loss: mean squared error of the predicted pixels of masked patches.

    With x_i the N pixels of patch i, standardized by the mean and deviation of the patch if `normalize` is true,
    and M the masked patches (He et al. 2021, "Masked Autoencoders Are Scalable Vision Learners", section 3,
    "Reconstruction target", https://arxiv.org/abs/2111.06377):

        L = 1/|M| Σ_{i ∈ M} 1/N ‖x̂_i − x_i‖²

    Args:
        predictions: Float tensor of shape `(batch, masked, pixels)`: x̂_i in the order of `masked`.
        patches: Float tensor of shape `(batch, patches, pixels)`: all patches of the images, not normalized.
        masked: Integer tensor of shape `(batch, masked)`: the index of each predicted patch among `patches`.
        normalize: Boolean: whether to standardize the targets by `patch_statistics`. The paper finds that this helps
            the features (table 1d). Defaults to `True`.

    Returns:
        Float32 scalar, a mean over the batch.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> patches = tf.random.normal((2, 16, 48))
    >>> masked = tf.constant([[0, 3, 7], [15, 2, 1]])
    >>> loss = keras_ssl.losses.masked_patch_error(tf.zeros((2, 3, 48)), patches, masked)
    """
    targets = tf.gather(tf.cast(patches, tf.float32), masked, batch_dims=1)
    if normalize:
        mean, deviation = patch_statistics(targets)
        targets = (targets - mean) / deviation
    return tf.reduce_mean(tf.square(tf.cast(predictions, tf.float32) - targets))


def patch_statistics(patches: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and standard deviation of each patch's pixels, all channels together.

    The deviation is that of the official code: with N − 1 in the denominator, and 1e-6 added to the variance.

    Args:
        patches: Float tensor of shape `(…, pixels)`, of at least 2 pixels.

    Returns:
        Tuple of two float32 tensors of shape `(…, 1)`.

    Example:

    >>> import keras_ssl
    >>> mean, deviation = keras_ssl.losses.patch_statistics([[0.0, 0.5, 1.0]])
    >>> float(mean[0, 0]), round(float(deviation[0, 0]), 3)
    (0.5, 0.5)
    """
    patches = tf.cast(patches, tf.float32)
    mean, variance = tf.nn.moments(patches, axes=-1, keepdims=True)
    pixels = patches.shape[-1]
    return mean, tf.sqrt(variance * pixels / (pixels - 1) + EPSILON)
