"""Telling the positive among all candidates, from similarities that are computed once.

`nt_xent`, `info_nce` and `nnclr` are this cross-entropy of one matrix of similarities or another. A method that logs
the accuracy beside the loss computes the matrix once and hands it to both.
"""

import tensorflow as tf

from keras_ssl.losses.similarity import two_view_similarities


def softmax_cross_entropy(similarities, positives, temperature=1.0):
    """Cross-entropy of finding the positive by a softmax over all candidates, mean over the anchors.

    Instance discrimination, with s the similarities of an anchor, p its positive and τ the temperature (van den Oord
    et al. 2018, "Representation Learning with Contrastive Predictive Coding", https://arxiv.org/abs/1807.03748,
    equation 4):

        ℓ = -log( exp(s_p / τ) / Σ_k exp(s_k / τ) )

    With logits for similarities and labels for positives it is the loss of any classification.

    Args:
        similarities: (anchors, candidates) float tensor; a candidate that an anchor must not see is at -1e9.
        positives: (anchors,) integer tensor, the column of each anchor's positive.
        temperature: positive float. Defaults to 1.

    Returns:
        Scalar float32.

    Example, SimCLR's loss and accuracy from one matrix:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> compared = keras_ssl.losses.two_view_similarities(z_a, z_b)
    >>> loss = keras_ssl.losses.softmax_cross_entropy(*compared, temperature=0.5)
    >>> accuracy = keras_ssl.losses.positive_accuracy(*compared)
    """
    logits = tf.cast(similarities, tf.float32) / temperature
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=positives, logits=logits))


def positive_accuracy(similarities, positives):
    """How often the positive is the nearest of all candidates.

    Several that are equally near share the hit, so that embeddings that have collapsed score chance, wherever their
    positives stand.

    Args: as for `softmax_cross_entropy`.

    Returns:
        Scalar float32 in [0, 1]. Chance is 1 / candidates.
    """
    highest = tf.reduce_max(similarities, axis=1, keepdims=True)
    nearest = tf.cast(tf.equal(similarities, highest), tf.float32)
    hits = tf.math.divide_no_nan(tf.gather(nearest, positives, batch_dims=1), tf.reduce_sum(nearest, axis=1))
    return tf.reduce_mean(hits)


def contrastive_accuracy(z_a, z_b, global_views=None):
    """How often an anchor's other view is the nearest of all 2B - 1 other embeddings, by cosine.

    Args: as for `two_view_similarities`.

    Returns:
        Scalar float32 in [0, 1]. Chance is 1 / (2B - 1).
    """
    return positive_accuracy(*two_view_similarities(z_a, z_b, global_views))
