from keras_ssl.losses.instance_discrimination import softmax_cross_entropy
from keras_ssl.losses.similarity import two_view_similarities


def nt_xent(z_a, z_b, temperature=0.5, *, global_views=None):
    """Normalized temperature-scaled cross-entropy, SimCLR's contrastive loss.

    For an anchor i whose other view is j, with s the cosine similarity and τ the temperature (Chen et al.
    2020, "A Simple Framework for Contrastive Learning of Visual Representations",
    https://arxiv.org/abs/2002.05709, equation 1):

        ℓ(i, j) = -log( exp(s(i, j) / τ) / Σ_{k ≠ i} exp(s(i, k) / τ) )

    averaged over all 2B anchors (algorithm 1). A method that logs `contrastive_accuracy` too takes the similarities
    once, from `two_view_similarities`, and this loss of them from `softmax_cross_entropy`.

    Args:
        z_a: (batch, dim) float tensor, embeddings of the first views. They are normalized here.
        z_b: (batch, dim) float tensor, embeddings of the second views; row i shows the same image as row i of
            `z_a`.
        temperature: positive float. 0.5 is the paper's for CIFAR-10 (appendix B.9), 0.1 for ImageNet.
        global_views: optional `(all_a, all_b, first_row)`, for training on several replicas: see
            `keras_ssl.losses.gather_views`.

    Returns:
        Scalar float32. log(2B - 1) when all embeddings are the same, 0 for a batch of one.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> loss = keras_ssl.losses.nt_xent(z_a, z_b, temperature=0.5)
    """
    return softmax_cross_entropy(*two_view_similarities(z_a, z_b, global_views), temperature)
