"""Which image of the batch is an anchor's negative: Schroff et al. 2015, "FaceNet", section 3.2.

https://arxiv.org/abs/1503.03832. All miners take the same arguments, so that a method looks its own up in `MINERS`:

Args:
    distances: (anchors, candidates) float tensor of each anchor to all candidates, such as
        `keras_ssl.losses.euclidean_distances(anchors, candidates)`, of at least two candidates.
    positives: (anchors,) integer tensor, the column of each anchor's positive; every other column is a negative.
    uniform: (anchors, 1) float tensor of random numbers in [0, 1), for the miner that draws.

Returns:
    (anchors,) int32 tensor, the column of each anchor's negative. No gradient passes through the choice.

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


def random_negatives(distances, positives, uniform):
    """Any other image, all equally likely: easy, and never misled by an outlier. Arguments: see the module."""
    others = tf.shape(distances)[1] - 1
    steps = tf.cast(tf.cast(uniform, tf.float32)[:, 0] * tf.cast(others, tf.float32), tf.int32)
    # From 1 to `others` columns on from the positive; a product that is rounded up would come round to it.
    return (tf.cast(positives, tf.int32) + 1 + tf.minimum(steps, others - 1)) % (others + 1)


def semi_hard_negatives(distances, positives, uniform=None):
    """The nearest that is farther than the positive, or the farthest of all where none is. Arguments: see the module.

    The hardest negatives can make the embeddings collapse early in training, says the paper; these do not.
    """
    positive = _one_hot(distances, positives)
    to_positive = tf.gather(distances, positives, batch_dims=1)[:, tf.newaxis]
    farther = (distances > to_positive) & ~positive
    nearest_farther = tf.argmin(tf.where(farther, distances, _FAR), axis=1, output_type=tf.int32)
    farthest = tf.argmax(tf.where(positive, -_FAR, distances), axis=1, output_type=tf.int32)
    return tf.where(tf.reduce_any(farther, axis=1), nearest_farther, farthest)


def hardest_negatives(distances, positives, uniform=None):
    """The nearest of the other images. Arguments: see the module."""
    others = tf.where(_one_hot(distances, positives), _FAR, distances)
    return tf.argmin(others, axis=1, output_type=tf.int32)


def _one_hot(distances, columns):
    return tf.one_hot(columns, tf.shape(distances)[1], on_value=True, off_value=False, dtype=tf.bool)


#: The miners by name.
MINERS = {"random": random_negatives, "semi_hard": semi_hard_negatives, "hardest": hardest_negatives}
