"""Random numbers of the augmentations, as a function of a seed.

A seed scope passes the seed, as a tensor, to every layer called inside it, so that one compiled function serves all
steps. It also holds the index of this replica's first row in the global batch.
"""

import contextlib
import contextvars
import math

import tensorflow as tf

_PHILOX = 1  # the number of the algorithm in TensorFlow's kernels
_scope = contextvars.ContextVar("keras_ssl_seed_scope", default=None)


class Draws:
    """Random numbers as a pure function of a seed and the order of the calls.

    Each row of the global batch has its own numbers, on whichever replica it is: eight replicas of 32 images get the
    numbers that one device with 256 gets.

    Args:
        seed: Integer tensor of shape `(2,)`.
        first_row: Integer or scalar integer tensor, index of this replica's first row in the global batch.
    """

    def __init__(self, seed, first_row=0):
        self._seed = seed
        self._first_row = first_row
        self._asked = 0

    def uniform(self, batch_size, columns):
        """Return numbers in `[0, 1)` of shape `(batch_size, columns)`: one row per image.

        Args:
            batch_size: Integer or scalar integer tensor, the images that this replica holds.
            columns: Integer, how many numbers each image needs.
        """
        # The default algorithm differs between XLA and TensorFlow.
        seed = tf.random.fold_in(self._seed, self._asked, alg="philox")
        self._asked += 1
        bits = _bits_of_rows(seed, self._first_row, batch_size, columns)
        # XLA draws the same integers but makes other floats of them. A float32 has 24 bits of precision.
        return tf.cast(tf.bitwise.bitwise_and(bits, 2**24 - 1), tf.float32) * 2.0**-24

    def integers(self, batch_size, columns, below):
        """Return integers from 0 to `below - 1` of shape `(batch_size, columns)`, int32.

        Args:
            batch_size: Integer or scalar integer tensor, the images that this replica holds.
            columns: Integer, how many numbers each image needs.
            below: Integer > 0.
        """
        return tf.cast(tf.cast(below, tf.float32) * self.uniform(batch_size, columns), tf.int32)

    def normal(self, batch_size, columns):
        """Return standard normal numbers of shape `(batch_size, columns)`, by Box and Muller's transform.

        Args:
            batch_size: Integer or scalar integer tensor, the images that this replica holds.
            columns: Integer, how many numbers each image needs.
        """
        radius, angle = tf.split(self.uniform(batch_size, 2 * columns), 2, axis=1)
        return tf.sqrt(-2.0 * tf.math.log1p(-radius)) * tf.cos(2 * math.pi * angle)


def _bits_of_rows(seed, first_row, rows, columns):
    """Some rows of a matrix of random int32, without drawing the rows before them.

    Philox maps a key and a counter to four numbers, so advancing the counter skips rows.
    """
    key, counter = tf.unstack(tf.random.stateless_uniform((2,), seed, None, None, tf.uint64, alg="philox"))
    start = tf.cast(first_row, tf.int64) * columns
    bits = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[rows * columns + 3],
        key=[key],
        counter=[tf.cast(start // 4, tf.uint64), counter],
        alg=_PHILOX,
        dtype=tf.int32,
    )
    # tf.slice, unlike indexing, compiles under XLA from a start known only when it runs.
    return tf.reshape(tf.slice(bits, [tf.cast(start % 4, tf.int32)], [rows * columns]), (rows, columns))


@contextlib.contextmanager
def seed_scope(seed, first_row=0):
    """Context in which every random layer draws from `seed`.

    Open it inside the `tf.function` that calls the layers, with the seed as an argument of that function.

    Args:
        seed: Integer tensor of shape `(2,)`.
        first_row: Integer or scalar integer tensor, index of this replica's first row in the global batch.

    Example:

    >>> layer = keras_ssl.augment.RandomFlip()
    >>> with keras_ssl.augment.seed_scope((0, 1)):
    ...     flipped = layer(images)
    """
    token = _scope.set(Draws(seed, first_row))
    try:
        yield
    finally:
        _scope.reset(token)


def current_draws():
    """Return the `Draws` of the innermost open seed scope, or None outside of any."""
    return _scope.get()
