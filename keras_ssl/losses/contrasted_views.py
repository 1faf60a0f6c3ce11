from collections.abc import Callable

import tensorflow as tf

from keras_ssl.losses.distance import embedding_spread
from keras_ssl.losses.instance_discrimination import positive_accuracy, softmax_cross_entropy
from keras_ssl.losses.similarity import gather_views, two_view_similarities


def contrasted_views(
    projections: tf.Tensor, temperature: float = 0.5, cross_entropy: Callable[..., tf.Tensor] = softmax_cross_entropy
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """`nt_xent` of the global batch, with the accuracy and the spread of the embeddings.

    Computes the similarities once, for the loss and the accuracy.

    Args:
        projections: Float tensor of shape `(2 * batch, dim)`: embeddings of all first views, then of all second ones:
            on several replicas, of this replica's images.
        temperature: Float > 0. Defaults to `0.5`.
        cross_entropy: Callable of `(similarities, positives, temperature)`. Defaults to `softmax_cross_entropy`.

    Returns:
        Tuple of three float32 scalars: the loss, the `positive_accuracy` and the `embedding_spread`.

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
