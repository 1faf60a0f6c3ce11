"""Who is compared with whom: matrices of cosine similarity, and which column of a row is its positive."""

import tensorflow as tf

from keras_ssl.losses.distance import root

# Added to a logit, takes it out of a softmax: exp(-1e9) is 0 in float32, and unlike -inf its gradient is finite.
MASKED = -1e9


def cosine_similarities(a, b):
    """Cosine of every row of `a` with every row of `b`, in float32.

    Args:
        a: (n, dim) float tensor.
        b: (m, dim) float tensor.

    Returns:
        (n, m) float32 tensor, values in [-1, 1]; 0 where a row is zero.
    """
    return tf.matmul(directions(a), directions(b), transpose_b=True)


def directions(z):
    """The rows of `z` scaled to length 1, in float32; a row of zeros stays one."""
    return tf.math.l2_normalize(tf.cast(z, tf.float32), axis=-1)


def two_view_similarities(z_a, z_b, global_views=None):
    """Similarities of the 2B anchors of two views with all 2B embeddings, each anchor's own masked out.

    Args:
        z_a: (batch, dim), embeddings of the first views.
        z_b: (batch, dim), embeddings of the second views; row i shows the same image as row i of `z_a`.
        global_views: optional `(all_a, all_b, first_row)`, as `keras_ssl.losses.gather_views(z_a, z_b)` returns it.
            When `z_a` and `z_b` are the rows of one replica, the views of the global batch and the place of this
            replica's first row in them; the anchors are then this replica's, the columns those of all replicas.

    Returns:
        A tuple of similarities, (2 * batch, 2 * global batch) float32, and positives, (2 * batch,) int32: the
        column of each anchor's other view.
    """
    all_a, all_b, first_row = (z_a, z_b, 0) if global_views is None else global_views
    batch, global_batch = tf.shape(z_a)[0], tf.shape(all_a)[0]
    similarities = tf.matmul(_both_directions(z_a, z_b), _both_directions(all_a, all_b), transpose_b=True)
    rows = first_row + tf.range(batch)
    itself = tf.concat([rows, rows + global_batch], 0)
    positives = tf.concat([rows + global_batch, rows], 0)
    return similarities + MASKED * tf.one_hot(itself, 2 * global_batch), positives


def _both_directions(z_a, z_b):
    # First each to float32: concatenation takes one dtype, and makes an array of the other's.
    return tf.concat([directions(z_a), directions(z_b)], axis=0)


def query_key_similarities(query, key, queue=None, global_views=None):
    """Similarities of queries with their keys and with negatives: those of a queue, or the other keys of the batch.

    Args:
        query: (batch, dim) float tensor. Normalized here, and so are the keys.
        key: (batch, dim) float tensor; row i is the positive of row i of `query`.
        queue: optional (size, dim) float tensor of negatives, rows of length 1.
        global_views: optional `(all_queries, all_keys, first_row)`, as `keras_ssl.losses.gather_views(query, key)`
            returns it, for keys of the global batch as negatives. A queue has no need of it.

    Returns:
        A tuple of similarities, float32, and positives, (batch,) int32: the column of each query's key. With a queue
        there are 1 + size columns and the positive is the first; without, a column per key of the global batch.
    """
    if queue is not None:
        query, key = directions(query), directions(key)
        positive = tf.reduce_sum(query * key, axis=-1, keepdims=True)
        negatives = tf.matmul(query, tf.cast(queue, tf.float32), transpose_b=True)
        return tf.concat([positive, negatives], axis=1), tf.zeros(tf.shape(query)[:1], tf.int32)
    _, all_keys, first_row = (query, key, 0) if global_views is None else global_views
    return cosine_similarities(query, all_keys), first_row + tf.range(tf.shape(query)[0])


def embedding_spread(z):
    """How far the embeddings of a batch are apart: 0 when they have collapsed to one direction.

    The standard deviation over the batch of each dimension of z / ‖z‖, averaged, times √dim. Chen and He 2020
    ("Exploring Simple Siamese Representation Learning", section 4.1) watch the same quantity: 1 / √dim for
    embeddings spread evenly over the sphere, so about 1 after the scaling here.

    Args:
        z: (batch, dim) float tensor.

    Returns:
        Scalar float32 in [0, 1]: the square of every row of z / ‖z‖ sums to 1, so no larger spread exists.
    """
    z = tf.math.l2_normalize(tf.cast(z, tf.float32), axis=-1)
    return tf.reduce_mean(root(tf.math.reduce_variance(z, axis=0))) * tf.sqrt(tf.cast(tf.shape(z)[1], tf.float32))
