"""Instance discrimination: cross-entropy and accuracy of finding the positive in a matrix of similarities.

`nt_xent`, `info_nce` and `nnclr` are this cross-entropy of different matrices. A method that also logs the accuracy
computes the matrix once, for both.
"""

import tensorflow as tf

from keras_ssl.losses.similarity import two_view_similarities


def softmax_cross_entropy(similarities: tf.Tensor, positives: tf.Tensor, temperature: float = 1.0) -> tf.Tensor:
    """Softmax cross-entropy of the positives among all candidates, averaged over the anchors.

    With s the similarities of an anchor, p its positive and τ the temperature (van den Oord et al. 2018,
    "Representation Learning with Contrastive Predictive Coding", https://arxiv.org/abs/1807.03748, equation 4):

        ℓ = -log( exp(s_p / τ) / Σ_k exp(s_k / τ) )

    With logits as similarities and labels as positives it is the usual classification loss.

    Args:
        similarities: Float tensor of shape `(anchors, candidates)`; masked candidates are at -1e9.
        positives: Integer tensor of shape `(anchors,)`: the column of each anchor's positive.
        temperature: Float > 0. Defaults to `1`.

    Returns:
        Float32 scalar.

    Example, SimCLR's loss and accuracy from one matrix:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> compared = keras_ssl.losses.two_view_similarities(z_a, z_b)
    >>> loss = keras_ssl.losses.softmax_cross_entropy(*compared, temperature=0.5)
    >>> accuracy = keras_ssl.losses.positive_accuracy(*compared)
    """
    logits = tf.cast(similarities, tf.float32) / temperature
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=positives, logits=logits))


def positive_accuracy(similarities: tf.Tensor, positives: tf.Tensor) -> tf.Tensor:
    """Share of the anchors whose positive is the nearest of all candidates.

    Candidates with the same similarity share the hit, so that collapsed embeddings score at chance.

    Args: as for `softmax_cross_entropy`.

    Returns:
        Float32 scalar in `[0, 1]`. Chance is 1 / candidates.
    """
    highest = tf.reduce_max(similarities, axis=1, keepdims=True)
    nearest = tf.cast(tf.equal(similarities, highest), tf.float32)
    hits = tf.math.divide_no_nan(tf.gather(nearest, positives, batch_dims=1), tf.reduce_sum(nearest, axis=1))
    return tf.reduce_mean(hits)


def contrastive_accuracy(
    z_a: tf.Tensor, z_b: tf.Tensor, global_views: tuple[tf.Tensor, ...] | None = None
) -> tf.Tensor:
    """Share of the anchors whose other view is the nearest of the 2B - 1 other embeddings, by cosine.

    Args: as for `two_view_similarities`.

    Returns:
        Float32 scalar in `[0, 1]`. Chance is 1 / (2B - 1).
    """
    return positive_accuracy(*two_view_similarities(z_a, z_b, global_views))
