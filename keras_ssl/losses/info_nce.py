from keras_ssl.losses.instance_discrimination import softmax_cross_entropy
from keras_ssl.losses.similarity import query_key_similarities


def info_nce(query, key, queue=None, temperature=0.2, *, global_views=None):
    """A query finds its key among negatives: those of a queue (MoCo), or the other keys of the batch (MoCo v3).

    For a query q with its key k⁺, both normalized here, and the temperature τ (He et al. 2020, "Momentum Contrast for
    Unsupervised Visual Representation Learning", https://arxiv.org/abs/1911.05722, equation 1):

        ℓ(q) = -log( exp(q·k⁺ / τ) / (exp(q·k⁺ / τ) + Σ_{k⁻} exp(q·k⁻ / τ)) )

    averaged over the queries. Without a queue the k⁻ are the keys of the other images (Chen et al. 2021, "An
    Empirical Study of Training Self-Supervised Vision Transformers", https://arxiv.org/abs/2104.02057, algorithm 1,
    which multiplies by 2τ: leave that to the method). No gradient is stopped here: keys of a momentum encoder come in
    without one.

    Args:
        query: (batch, dim) float tensor.
        key: (batch, dim) float tensor; row i is the positive of row i of `query`.
        queue: optional (size, dim) float tensor of negatives, rows of length 1, such as the `features` of a
            `keras_ssl.layers.FeatureQueue`.
        temperature: positive float. 0.2 is MoCo v2's (https://arxiv.org/abs/2003.04297); MoCo has 0.07.
        global_views: optional `(all_queries, all_keys, first_row)`, for training without a queue on several replicas:
            see `keras_ssl.losses.gather_views`.

    Returns:
        Scalar float32. log(1 + size), or log(batch) without a queue, when all rows are the same.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> query, key = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> queue = keras_ssl.layers.FeatureQueue(size=64, dim=16)
    >>> with_queue = keras_ssl.losses.info_nce(query, key, queue.features)
    >>> within_batch = keras_ssl.losses.info_nce(query, key)
    """
    return softmax_cross_entropy(*query_key_similarities(query, key, queue, global_views), temperature)


def nnclr(neighbors, predictions, temperature=0.1, *, global_views=None):
    """The nearest neighbor of one view finds the prediction from the other view, among those of the batch.

    With NN(z_i) the nearest neighbor of the first view's embedding in a queue, p_i the prediction from the second
    view, all normalized here, and the temperature τ (Dwibedi et al. 2021, "With a Little Help from My Friends:
    Nearest-Neighbor Contrastive Learning of Visual Representations", https://arxiv.org/abs/2104.14548, equation 3):

        ℓ(i) = -log( exp(NN(z_i)·p_i / τ) / Σ_k exp(NN(z_i)·p_k / τ) )

    averaged over the batch: one way, from neighbors to predictions, and no neighbor is compared with another. The
    paper takes the mean of both orders of the views: call it twice.

    Args:
        neighbors: (batch, dim) float tensor, from `keras_ssl.layers.FeatureQueue.nearest`.
        predictions: (batch, dim) float tensor; row i shows the same image as row i of `neighbors`.
        temperature: positive float. Defaults to 0.1, the paper's.
        global_views: optional `(all_neighbors, all_predictions, first_row)`, for training on several replicas: see
            `keras_ssl.losses.gather_views`.

    Returns:
        Scalar float32. log(batch) when all rows are the same.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> queue = keras_ssl.layers.FeatureQueue(size=64, dim=16)
    >>> embeddings, predictions = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> loss = keras_ssl.losses.nnclr(queue.nearest(embeddings), predictions)
    """
    return info_nce(neighbors, predictions, temperature=temperature, global_views=global_views)
