import tensorflow as tf

from keras_ssl.losses.similarity import MASKED, two_view_similarities


def decoupled_nt_xent(z_a, z_b, temperature=0.1, *, global_views=None):
    """SimCLR's loss without the positive in the denominator: the loss of decoupled contrastive learning (DCL).

    For an anchor i whose other view is j, with s the cosine similarity and τ the temperature (Yeh et al. 2021,
    "Decoupled Contrastive Learning", https://arxiv.org/abs/2110.06848, equation 6):

        ℓ(i, j) = -s(i, j) / τ + log Σ_{k ≠ i, j} exp(s(i, k) / τ)

    averaged over all 2B anchors. Where the positive is near already, the gradient of `nt_xent` fades out and this one
    does not, so that small batches teach as much. The sum runs over the 2B - 2 negatives of both views at once; some
    published code adds up one logarithm per view instead, which is another loss.

    Args:
        z_a: (batch, dim) float tensor, embeddings of the first views, of at least two images. Normalized here.
        z_b: (batch, dim) float tensor, embeddings of the second views; row i shows the same image as row i of `z_a`.
        temperature: positive float. Defaults to 0.1.
        global_views: optional `(all_a, all_b, first_row)`, for training on several replicas: see
            `keras_ssl.losses.gather_views`.

    Returns:
        Scalar float32. log(2B - 2) when all embeddings are the same. Unlike `nt_xent` it can be negative.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> loss = keras_ssl.losses.decoupled_nt_xent(z_a, z_b)
    """
    return decoupled_cross_entropy(*two_view_similarities(z_a, z_b, global_views), temperature)


def decoupled_cross_entropy(similarities, positives, temperature):
    """`decoupled_nt_xent` of similarities that are there already; takes what `softmax_cross_entropy` takes."""
    logits = tf.cast(similarities, tf.float32) / temperature
    positive = tf.gather(logits, positives, batch_dims=1)
    negatives = logits + MASKED * tf.one_hot(positives, tf.shape(logits)[1])
    return tf.reduce_mean(tf.reduce_logsumexp(negatives, axis=1) - positive)
