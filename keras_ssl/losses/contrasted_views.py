import tensorflow as tf

from keras_ssl.losses.distance import embedding_spread
from keras_ssl.losses.instance_discrimination import positive_accuracy, softmax_cross_entropy
from keras_ssl.losses.similarity import gather_views, two_view_similarities


def contrasted_views(projections, temperature=0.5, cross_entropy=softmax_cross_entropy):
    """The loss of `nt_xent` on the views of the global batch, and what one likes to see beside it.

    The similarities are computed once for the loss and the accuracy.

    Args:
        projections: (2 * batch, dim) float tensor, embeddings of all first views, then of all second ones: on several
            replicas, of this replica's images.
        temperature: positive float.
        cross_entropy: the loss of (similarities, positives, temperature); `softmax_cross_entropy` makes it `nt_xent`.

    Returns:
        A tuple of the loss, how often the positive is the nearest of all candidates, and the `embedding_spread`, each
        a scalar float32.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> loss, accuracy, spread = keras_ssl.losses.contrasted_views(tf.random.normal((16, 4)), temperature=0.5)
    """
    z_a, z_b = tf.split(projections, 2)
    all_a, all_b, first_row = gather_views(z_a, z_b)
    similarities, positives = two_view_similarities(z_a, z_b, (all_a, all_b, first_row))
    return (
        cross_entropy(similarities, positives, temperature),
        positive_accuracy(similarities, positives),
        embedding_spread(tf.concat([all_a, all_b], axis=0)),
    )
