import tensorflow as tf

from keras_ssl.losses.instance_discrimination import softmax_cross_entropy
from keras_ssl.losses.similarity import two_view_similarities


def nt_xent(
    z_a: tf.Tensor, z_b: tf.Tensor, temperature: float = 0.5, *, global_views: tuple[tf.Tensor, ...] | None = None
) -> tf.Tensor:
    """SimCLR loss: normalized temperature-scaled cross-entropy (NT-Xent).

    For an anchor i whose other view is j, with s the cosine similarity and τ the temperature (Chen et al.
    2020, "A Simple Framework for Contrastive Learning of Visual Representations",
    https://arxiv.org/abs/2002.05709, equation 1):

        ℓ(i, j) = -log( exp(s(i, j) / τ) / Σ_{k ≠ i} exp(s(i, k) / τ) )

    averaged over all 2B anchors (algorithm 1). To log `contrastive_accuracy` too, compute `two_view_similarities`
    once and pass them to `softmax_cross_entropy` and `positive_accuracy`.

    Args:
        z_a: Float tensor of shape `(batch, dim)`: embeddings of the first views. They are normalized here.
        z_b: Float tensor of shape `(batch, dim)`: embeddings of the second views; row i shows the same image as row i
            of `z_a`.
        temperature: Float > 0. 0.5 is the paper's for CIFAR-10 (appendix B.9), 0.1 for ImageNet.
        global_views: Optional tuple `(all_a, all_b, first_row)`, the result of `keras_ssl.losses.gather_views`, for
            training on several replicas.

    Returns:
        Float32 scalar. log(2B - 1) when all embeddings are the same, 0 for a batch of one.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> loss = keras_ssl.losses.nt_xent(z_a, z_b, temperature=0.5)
    """
    return softmax_cross_entropy(*two_view_similarities(z_a, z_b, global_views), temperature)
