"""How much different dimensions of two embeddings go together, without the matrix of all pairs of dimensions."""

import tensorflow as tf


def off_diagonal_squares(a, b):
    """The sum of the squares of `aᵀb` but for its diagonal: Σ_{i ≠ j} (Σ_n a_ni b_nj)².

    All of a matrix's squares together are ‖aᵀb‖² = tr(bᵀa aᵀb) = Σ_{n,m} (aaᵀ)_nm (bbᵀ)_nm. Where the embeddings have
    more dimensions than the batch has rows, as the papers' 2048 and 8192 do, the right side is far less work: for
    256 rows of 2048 a quarter of it, for the same rows with themselves an eighth.

    Args:
        a: (batch, dim) float32 tensor.
        b: (batch, dim) float32 tensor.

    Returns:
        A tuple of the sum, a float32 scalar, and the diagonal of `aᵀb`, (dim,) float32.
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
