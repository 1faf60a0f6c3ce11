import tensorflow as tf

from keras_ssl.losses.similarity import MASKED, two_view_similarities


def decoupled_nt_xent(
    z_a: tf.Tensor, z_b: tf.Tensor, temperature: float = 0.1, *, global_views: tuple[tf.Tensor, ...] | None = None
) -> tf.Tensor:
    """Loss of decoupled contrastive learning (DCL): `nt_xent` without the positive in the denominator.

    For an anchor i whose other view is j, with s the cosine similarity and τ the temperature (Yeh et al. 2021,
    "Decoupled Contrastive Learning", https://arxiv.org/abs/2110.06848, equation 6):

        ℓ(i, j) = -s(i, j) / τ + log Σ_{k ≠ i, j} exp(s(i, k) / τ)

    averaged over all 2B anchors. When the positive is already near, the gradient of `nt_xent` vanishes and this
    one does not, so that small batches suffice. The sum runs over the 2B - 2 negatives of both views at once; some
    published code adds up one logarithm per view instead, which is another loss.

    Args:
        z_a: Float tensor of shape `(batch, dim)`: embeddings of the first views, of at least two images. Normalized
            here.
        z_b: Float tensor of shape `(batch, dim)`: embeddings of the second views; row i shows the same image as row i
            of `z_a`.
        temperature: Float > 0. Defaults to `0.1`.
        global_views: Optional tuple `(all_a, all_b, first_row)`, the result of `keras_ssl.losses.gather_views`, for
            training on several replicas.

    Returns:
        Float32 scalar. log(2B - 2) when all embeddings are the same. Unlike `nt_xent` it can be negative.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> loss = keras_ssl.losses.decoupled_nt_xent(z_a, z_b)
    """
    return decoupled_cross_entropy(*two_view_similarities(z_a, z_b, global_views), temperature)


def decoupled_cross_entropy(similarities: tf.Tensor, positives: tf.Tensor, temperature: float) -> tf.Tensor:
    """`decoupled_nt_xent` of given similarities, with the arguments of `softmax_cross_entropy`."""
    logits = tf.cast(similarities, tf.float32) / temperature
    positive = tf.gather(logits, positives, batch_dims=1)
    negatives = logits + MASKED * tf.one_hot(positives, tf.shape(logits)[1])
    return tf.reduce_mean(tf.reduce_logsumexp(negatives, axis=1) - positive)
