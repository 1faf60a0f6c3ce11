"""Choice of an anchor's negative within the batch: Schroff et al. 2015, "FaceNet", section 3.2.

https://arxiv.org/abs/1503.03832. All miners take the same arguments, so that a method can choose one from `MINERS`:

Args:
    distances: Float tensor of shape `(anchors, candidates)`, such as
        `keras_ssl.losses.euclidean_distances(anchors, candidates)`, of at least two candidates.
    positives: Integer tensor of shape `(anchors,)`: the column of each anchor's positive. All other columns are
        negatives.
    uniform: Float tensor of shape `(anchors, 1)`: random numbers in `[0, 1)`, for `random_negatives`.

Returns:
    Int32 tensor of shape `(anchors,)`: the column of each anchor's negative. No gradient passes through the choice.

Example, in-batch negatives among the other views, all of the global batch where there are replicas:

>>> import keras_ssl, tensorflow as tf
>>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
>>> _, candidates, first_row = keras_ssl.losses.gather_views(z_a, z_b)
>>> mine = keras_ssl.losses.MINERS["semi_hard"]
>>> distances = keras_ssl.losses.euclidean_distances(z_a, candidates)
>>> columns = mine(distances, first_row + tf.range(8), uniform=tf.random.uniform((8, 1)))
>>> loss = keras_ssl.losses.triplet_margin(z_a, z_b, tf.gather(candidates, columns))
"""

import tensorflow as tf

# Farther than any embedding, and finite.
_FAR = 1e9


def random_negatives(distances: tf.Tensor, positives: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Random negatives, all other images equally likely: easy, and robust to outliers. Arguments: see the module."""
    others = tf.shape(distances)[1] - 1
    steps = tf.cast(tf.cast(uniform, tf.float32)[:, 0] * tf.cast(others, tf.float32), tf.int32)
    # 1 to `others` columns after the positive; the minimum guards against a product that is rounded up.
    return (tf.cast(positives, tf.int32) + 1 + tf.minimum(steps, others - 1)) % (others + 1)


def semi_hard_negatives(distances: tf.Tensor, positives: tf.Tensor, uniform: tf.Tensor | None = None) -> tf.Tensor:
    """The nearest negatives beyond the positive, or the farthest if there is none. Arguments: see the module.

    According to the paper, the hardest negatives can make the embeddings collapse early in training; these do not.
    """
    positive = _one_hot(distances, positives)
    to_positive = tf.gather(distances, positives, batch_dims=1)[:, tf.newaxis]
    farther = (distances > to_positive) & ~positive
    nearest_farther = tf.argmin(tf.where(farther, distances, _FAR), axis=1, output_type=tf.int32)
    farthest = tf.argmax(tf.where(positive, -_FAR, distances), axis=1, output_type=tf.int32)
    return tf.where(tf.reduce_any(farther, axis=1), nearest_farther, farthest)


def hardest_negatives(distances: tf.Tensor, positives: tf.Tensor, uniform: tf.Tensor | None = None) -> tf.Tensor:
    """The nearest negatives. Arguments: see the module."""
    others = tf.where(_one_hot(distances, positives), _FAR, distances)
    return tf.argmin(others, axis=1, output_type=tf.int32)


def _one_hot(distances, columns):
    return tf.one_hot(columns, tf.shape(distances)[1], on_value=True, off_value=False, dtype=tf.bool)


#: The miners by name.
MINERS = {"random": random_negatives, "semi_hard": semi_hard_negatives, "hardest": hardest_negatives}
