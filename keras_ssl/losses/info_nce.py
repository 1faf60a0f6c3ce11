import tensorflow as tf

from keras_ssl.losses.instance_discrimination import softmax_cross_entropy
from keras_ssl.losses.similarity import query_key_similarities


def info_nce(
    query: tf.Tensor,
    key: tf.Tensor,
    queue: tf.Tensor | None = None,
    temperature: float = 0.2,
    *,
    global_views: tuple[tf.Tensor, ...] | None = None,
) -> tf.Tensor:
    """InfoNCE loss, with negatives from a queue (MoCo) or from the batch (MoCo v3).

    For a query q with its key k⁺, both normalized here, and the temperature τ (He et al. 2020, "Momentum Contrast for
    Unsupervised Visual Representation Learning", https://arxiv.org/abs/1911.05722, equation 1):

        ℓ(q) = -log( exp(q·k⁺ / τ) / (exp(q·k⁺ / τ) + Σ_{k⁻} exp(q·k⁻ / τ)) )

    averaged over the queries. Without a queue the k⁻ are the keys of the other images (Chen et al. 2021, "An
    Empirical Study of Training Self-Supervised Vision Transformers", https://arxiv.org/abs/2104.02057, algorithm 1,
    which multiplies by 2τ: leave that to the method). No gradient is stopped here: stop it in the keys of a momentum
    encoder before the call.

    Args:
        query: Float tensor of shape `(batch, dim)`.
        key: Float tensor of shape `(batch, dim)`; row i is the positive of row i of `query`.
        queue: Optional float tensor of shape `(size, dim)` of negatives, rows of length 1, such as the `features` of
            a `keras_ssl.layers.FeatureQueue`.
        temperature: Float > 0. 0.2 is MoCo v2's (https://arxiv.org/abs/2003.04297); MoCo has 0.07.
        global_views: Optional tuple `(all_queries, all_keys, first_row)`, for training without a queue on several
            replicas: see `keras_ssl.losses.gather_views`.

    Returns:
        Float32 scalar. log(1 + size), or log(batch) without a queue, when all rows are the same.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> query, key = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> queue = keras_ssl.layers.FeatureQueue(size=64, dim=16)
    >>> with_queue = keras_ssl.losses.info_nce(query, key, queue.features)
    >>> within_batch = keras_ssl.losses.info_nce(query, key)
    """
    return softmax_cross_entropy(*query_key_similarities(query, key, queue, global_views), temperature)


def nnclr(
    neighbors: tf.Tensor,
    predictions: tf.Tensor,
    temperature: float = 0.1,
    *,
    global_views: tuple[tf.Tensor, ...] | None = None,
) -> tf.Tensor:
    """NNCLR loss: InfoNCE from the nearest neighbors of one view to the predictions of the other.

    With NN(z_i) the nearest neighbor of the first view's embedding in a queue, p_i the prediction from the second
    view, all normalized here, and the temperature τ (Dwibedi et al. 2021, "With a Little Help from My Friends:
    Nearest-Neighbor Contrastive Learning of Visual Representations", https://arxiv.org/abs/2104.14548, equation 3):

        ℓ(i) = -log( exp(NN(z_i)·p_i / τ) / Σ_k exp(NN(z_i)·p_k / τ) )

    averaged over the batch. The loss is not symmetric. The paper averages it over both orders of the views: call it
    twice.

    Args:
        neighbors: Float tensor of shape `(batch, dim)`, from `keras_ssl.layers.FeatureQueue.nearest`.
        predictions: Float tensor of shape `(batch, dim)`; row i shows the same image as row i of `neighbors`.
        temperature: Float > 0. Defaults to `0.1`, the paper's value.
        global_views: Optional tuple `(all_neighbors, all_predictions, first_row)`, the result of
            `keras_ssl.losses.gather_views`, for training on several replicas.

    Returns:
        Float32 scalar. log(batch) when all rows are the same.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> queue = keras_ssl.layers.FeatureQueue(size=64, dim=16)
    >>> embeddings, predictions = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> loss = keras_ssl.losses.nnclr(queue.nearest(embeddings), predictions)
    """
    return info_nce(neighbors, predictions, temperature=temperature, global_views=global_views)
