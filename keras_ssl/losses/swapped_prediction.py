import tensorflow as tf


def swapped_prediction(scores: tf.Tensor, assignments: tf.Tensor, temperature: float = 0.1) -> tf.Tensor:
    """SwAV loss: the scores of one view predict the prototype assignments of the other.

    With q the assignments, s the scores and τ the temperature (Caron et al. 2020, "Unsupervised Learning of Visual
    Features by Contrasting Cluster Assignments", https://arxiv.org/abs/2006.09882, equation 2):

        ℓ = -Σ_k q_k log( exp(s_k / τ) / Σ_k' exp(s_k' / τ) )

    averaged over the batch. One direction of the swap: the paper adds up all pairs of a view with assignments and
    another view.

    Args:
        scores: Float tensor of shape `(batch, prototypes)`: the cosine of one view's embeddings with the prototypes.
        assignments: Float tensor of shape `(batch, prototypes)` of the other view, rows that sum to 1, from
            `sinkhorn`.
        temperature: Float > 0. Defaults to `0.1`, the paper's value.

    Returns:
        Float32 scalar of at least 0; log(prototypes) for equal scores.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> scores_a, scores_b = tf.random.uniform((2, 8, 4), -1.0, 1.0)
    >>> loss = keras_ssl.losses.swapped_prediction(scores_a, keras_ssl.losses.sinkhorn(scores_b))
    """
    logarithms = tf.nn.log_softmax(tf.cast(scores, tf.float32) / temperature)
    return -tf.reduce_mean(tf.reduce_sum(tf.cast(assignments, tf.float32) * logarithms, axis=-1))
