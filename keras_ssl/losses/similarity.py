import tensorflow as tf

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
    a = tf.math.l2_normalize(tf.cast(a, tf.float32), axis=-1)
    b = tf.math.l2_normalize(tf.cast(b, tf.float32), axis=-1)
    return tf.matmul(a, b, transpose_b=True)


def two_view_similarities(z_a, z_b, global_views=None):
    """Similarities of the 2B anchors of two views with all 2B embeddings, each anchor's own masked out.

    Args:
        z_a: (batch, dim), embeddings of the first views.
        z_b: (batch, dim), embeddings of the second views; row i shows the same image as row i of `z_a`.
        global_views: optional `(all_a, all_b, first_row)`. When `z_a` and `z_b` are the rows of one replica,
            the views of the global batch and the place of this replica's first row in them; the anchors are
            then this replica's, the columns everybody's.

    Returns:
        A tuple of similarities, (2 * batch, 2 * global batch) float32, and positives, (2 * batch,) int32: the
        column of each anchor's other view.
    """
    all_a, all_b, first_row = (z_a, z_b, 0) if global_views is None else global_views
    batch, global_batch = tf.shape(z_a)[0], tf.shape(all_a)[0]
    similarities = cosine_similarities(tf.concat([z_a, z_b], 0), tf.concat([all_a, all_b], 0))
    rows = first_row + tf.range(batch)
    itself = tf.concat([rows, rows + global_batch], 0)
    positives = tf.concat([rows + global_batch, rows], 0)
    return similarities + MASKED * tf.one_hot(itself, 2 * global_batch), positives


def contrastive_accuracy(z_a, z_b, global_views=None):
    """How often an anchor's other view is the nearest of all 2B - 1 other embeddings, by cosine.

    Args: as for `two_view_similarities`.

    Returns:
        Scalar float32 in [0, 1]. Chance is 1 / (2B - 1).
    """
    similarities, positives = two_view_similarities(z_a, z_b, global_views)
    nearest = tf.argmax(similarities, axis=1, output_type=tf.int32)
    return tf.reduce_mean(tf.cast(tf.equal(nearest, positives), tf.float32))
