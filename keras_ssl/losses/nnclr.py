from keras_ssl.losses.info_nce import info_nce


def nnclr(neighbors, predictions, temperature=0.1, *, global_views=None):
    """The nearest neighbor of one view finds the prediction from the other view, among those of the batch.

    With NN(z_i) the nearest neighbor of the first view's embedding in a queue, p_i the prediction from the second
    view, all normalized here, and the temperature τ (Dwibedi et al. 2021, "With a Little Help from My Friends:
    Nearest-Neighbor Contrastive Learning of Visual Representations", https://arxiv.org/abs/2104.14548, equation 3):

        ℓ(i) = -log( exp(NN(z_i)·p_i / τ) / Σ_k exp(NN(z_i)·p_k / τ) )

    averaged over the batch: one way, from neighbors to predictions, and no neighbor is compared with another. The
    paper takes the mean of both orders of the views: call it twice.

    Args:
        neighbors: (batch, dim) float tensor, from `keras_ssl.targets.FeatureQueue.nearest`.
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
