"""Shared parts of the losses: cosine similarities, views of all replicas, off-diagonal products."""

import tensorflow as tf

from keras_ssl import distribute

# Added to a logit, it removes the logit from a softmax: exp(-1e9) is 0 in float32. Its gradient is finite, unlike
# that of -inf.
MASKED = -1e9


def cosine_similarities(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Cosine of every row of `a` with every row of `b`, in float32.

    Args:
        a: Float tensor of shape `(n, dim)`.
        b: Float tensor of shape `(m, dim)`.

    Returns:
        Float32 tensor of shape `(n, m)`, values in `[-1, 1]`; 0 where a row is zero.
    """
    return tf.matmul(directions(a), directions(b), transpose_b=True)


def directions(z: tf.Tensor) -> tf.Tensor:
    """The rows of `z` scaled to length 1, in float32; a row of zeros stays one."""
    return tf.math.l2_normalize(tf.cast(z, tf.float32), axis=-1)


def two_view_similarities(
    z_a: tf.Tensor, z_b: tf.Tensor, global_views: tuple[tf.Tensor, ...] | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Similarities of the 2B anchors of two views with all 2B embeddings, each anchor's own masked out.

    Args:
        z_a: Float tensor of shape `(batch, dim)`: embeddings of the first views.
        z_b: Float tensor of shape `(batch, dim)`: embeddings of the second views; row i shows the same image as row i
            of `z_a`.
        global_views: Optional tuple `(all_a, all_b, first_row)`, as `keras_ssl.losses.gather_views(z_a, z_b)` returns
            it. When `z_a` and `z_b` are the rows of one replica, the views of the global batch and the place of this
            replica's first row in them; the anchors are then this replica's, the columns those of all replicas.

    Returns:
        Tuple of similarities, (2 * batch, 2 * global batch) float32, and positives, (2 * batch,) int32: the
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
    # Cast first: concatenation needs tensors of one dtype.
    return tf.concat([directions(z_a), directions(z_b)], axis=0)


def query_key_similarities(
    query: tf.Tensor,
    key: tf.Tensor,
    queue: tf.Tensor | None = None,
    global_views: tuple[tf.Tensor, ...] | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Similarities of queries with their keys and with negatives: those of a queue, or the other keys of the batch.

    Args:
        query: Float tensor of shape `(batch, dim)`. Normalized here, and so are the keys.
        key: Float tensor of shape `(batch, dim)`; row i is the positive of row i of `query`.
        queue: Optional float tensor of shape `(size, dim)` of negatives, rows of length 1.
        global_views: Optional tuple `(all_queries, all_keys, first_row)`, as `keras_ssl.losses.gather_views(query,
            key)` returns it, for keys of the global batch as negatives. Not used with a queue.

    Returns:
        Tuple of similarities, float32, and positives, (batch,) int32: the column of each query's key. With a queue
        there are 1 + size columns and the positive is the first; without, a column per key of the global batch.
    """
    if queue is not None:
        query, key = directions(query), directions(key)
        positive = tf.reduce_sum(query * key, axis=-1, keepdims=True)
        negatives = tf.matmul(query, tf.cast(queue, tf.float32), transpose_b=True)
        return tf.concat([positive, negatives], axis=1), tf.zeros(tf.shape(query)[:1], tf.int32)
    _, all_keys, first_row = (query, key, 0) if global_views is None else global_views
    return cosine_similarities(query, all_keys), first_row + tf.range(tf.shape(query)[0])


def gather_views(*views: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Gather the views of the global batch, for losses that compare the images of a batch with each other.

    Pass the result to such a loss as `global_views=`. The mean over the replicas, each weighted by its share of the
    rows, is then the loss that one device would compute of the global batch. The same holds for the gradient if every
    replica scales its loss by that share and the gradients are summed, as `SelfSupervisedModel.minimize` does:
    gradients pass through the gathered rows.

    Args:
        *views: Tensors of shape `(batch, …)`: the rows of this replica, in the order of the loss's arguments.
            Replicas may hold different numbers of rows.

    Returns:
        Tuple of each view for the global batch, of shape `(global_batch, …)`, and the index of this replica's first
        row in them, an int32 scalar. On one device these are the views themselves and 0.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> z_a, z_b = tf.random.normal((8, 16)), tf.random.normal((8, 16))
    >>> others = keras_ssl.losses.gather_views(z_a, z_b)
    >>> loss = keras_ssl.losses.nt_xent(z_a, z_b, global_views=others)
    """
    first_row = distribute.share(tf.shape(views[0])[0]).first_row
    return (*(distribute.gather(view) for view in views), first_row)


def off_diagonal_squares(a: tf.Tensor, b: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Sum of the squared off-diagonal entries of `aᵀb`: Σ_{i ≠ j} (Σ_n a_ni b_nj)².

    The sum of all squared entries is ‖aᵀb‖² = tr(bᵀa aᵀb) = Σ_{n,m} (aaᵀ)_nm (bbᵀ)_nm. Where the embeddings have
    more dimensions than the batch has rows, as the papers' 2048 and 8192 do, the right side is far less work: for
    256 rows of 2048 a quarter of it, for the same rows with themselves an eighth.

    Args:
        a: Float32 tensor of shape `(batch, dim)`.
        b: Float32 tensor of shape `(batch, dim)`.

    Returns:
        Tuple of the sum, a float32 scalar, and the diagonal of `aᵀb`, float32 of shape `(dim,)`.
    """
    diagonal = tf.reduce_sum(a * b, axis=0)
    batch, dimensions = a.shape
    if batch is not None and batch < dimensions:
        gram = _gram(a)
        squares = gram * (gram if b is a else _gram(b))
    else:
        squares = tf.square(tf.matmul(a, b, transpose_a=True))
    return tf.reduce_sum(squares) - tf.reduce_sum(tf.square(diagonal)), diagonal


def _gram(z):
    return tf.matmul(z, z, transpose_b=True)
