import tensorflow as tf


def sinkhorn(
    scores: tf.Tensor,
    epsilon: float = 0.05,
    iterations: int = 3,
    *,
    global_views: tuple[tf.Tensor, ...] | None = None,
) -> tf.Tensor:
    """Assign images to prototypes, so that each prototype gets an equal share of the batch (SwAV's codes).

    Caron et al. 2020, "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments"
    (https://arxiv.org/abs/2006.09882, equations 3 to 5, and appendix A). From Q = exp(scores / ε), every iteration of
    the Sinkhorn-Knopp algorithm scales the columns to equal sums, then the rows:

        Q_bk ← Q_bk / Σ_b' Q_b'k,    Q_bk ← Q_bk / Σ_k' Q_bk'

    The paper's code also divides by the numbers of rows and columns, which cancel. Computed on logarithms, which
    avoids overflow and division by 0. No gradient passes, as in the paper.

    Args:
        scores: Float tensor of shape `(batch, prototypes)`: the cosine of embeddings with prototypes.
        epsilon: Float > 0. The smaller, the harder the assignments. Defaults to `0.05`, the paper's value.
        iterations: Integer >= 0. Defaults to `3`, the paper's value.
        global_views: Optional tuple `(all_scores, first_row)`, as `keras_ssl.losses.gather_views(scores)` returns it:
            the rows that are assigned together, and the index of the first row of `scores` in them. Append the rows
            of a queue to `all_scores`.

    Returns:
        Float32 tensor of shape `(batch, prototypes)`, at least 0; every row sums to 1.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> scores = tf.random.uniform((8, 4), -1.0, 1.0)
    >>> assignments = keras_ssl.losses.sinkhorn(scores)
    """
    all_scores, first_row = (scores, 0) if global_views is None else global_views
    logarithms = tf.stop_gradient(tf.cast(all_scores, tf.float32)) / epsilon
    for _ in range(iterations):
        logarithms = tf.nn.log_softmax(logarithms, axis=0)
        logarithms = tf.nn.log_softmax(logarithms, axis=1)
    assignments = tf.nn.softmax(logarithms, axis=1)
    # tf.slice, unlike indexing, compiles under XLA from a start known only when it runs.
    return tf.slice(assignments, (first_row, 0), tf.shape(scores))
