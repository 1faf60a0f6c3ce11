"""Random numbers of the augmentations, as a function of a seed.

A seed scope passes the seed, as a tensor, to every layer called inside it, so that one compiled function works for
all steps. It also holds the index of this replica's first row in the global batch.
"""

import contextlib
import contextvars
import math
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

_PHILOX = 1  # the number of the algorithm in TensorFlow's kernels
_scope: contextvars.ContextVar[Any] = contextvars.ContextVar("keras_ssl_seed_scope", default=None)


class Draws:
    """Random numbers as a pure function of a seed and the order of the calls.

    Each row of the global batch has its own numbers, on any replica: eight replicas with 32 images each get the same
    numbers as one device with 256.

    Args:
        seed: Integer tensor of shape `(2,)`.
        first_row: Integer or scalar integer tensor. Index of this replica's first row in the global batch. Defaults
            to `0`.
    """

    def __init__(self, seed: Any, first_row: Any = 0):
        self._seed = seed
        self._first_row = first_row
        self._asked = 0

    def uniform(self, batch_size: Any, columns: int) -> tf.Tensor:
        """Return float32 numbers in `[0, 1)` of shape `(batch_size, columns)`, one row for each image.

        Args:
            batch_size: Integer or scalar integer tensor. Images of this replica.
            columns: Integer. Numbers for each image.
        """
        # The default algorithm differs between XLA and TensorFlow.
        seed = tf.random.fold_in(self._seed, self._asked, alg="philox")
        self._asked += 1
        bits = _bits_of_rows(seed, self._first_row, batch_size, columns)
        # XLA draws the same integers but converts them to other floats. A float32 has 24 bits of precision.
        return tf.cast(tf.bitwise.bitwise_and(bits, 2**24 - 1), tf.float32) * 2.0**-24

    def integers(self, batch_size: Any, columns: int, below: int) -> tf.Tensor:
        """Return int32 numbers from 0 to `below - 1` of shape `(batch_size, columns)`.

        Args:
            batch_size: Integer or scalar integer tensor. Images of this replica.
            columns: Integer. Numbers for each image.
            below: Integer > 0. Upper bound, not included.
        """
        return tf.cast(tf.cast(below, tf.float32) * self.uniform(batch_size, columns), tf.int32)

    def normal(self, batch_size: Any, columns: int) -> tf.Tensor:
        """Return standard normal numbers of shape `(batch_size, columns)`, by the Box-Muller transform.

        Args:
            batch_size: Integer or scalar integer tensor. Images of this replica.
            columns: Integer. Numbers for each image.
        """
        radius, angle = tf.split(self.uniform(batch_size, 2 * columns), 2, axis=1)
        return tf.sqrt(-2.0 * tf.math.log1p(-radius)) * tf.cos(2 * math.pi * angle)


def _bits_of_rows(seed, first_row, rows, columns):
    """Draw some rows of a matrix of random int32, without the rows before them.

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
    # Unlike indexing, tf.slice compiles under XLA if the start is known only at run time.
    return tf.reshape(tf.slice(bits, [tf.cast(start % 4, tf.int32)], [rows * columns]), (rows, columns))


@contextlib.contextmanager
def seed_scope(seed: Any, first_row: Any = 0) -> Iterator[None]:
    """Context in which every random layer draws from `seed`.

    Open it inside the `tf.function` that calls the layers, and pass the seed as an argument of that function.

    Args:
        seed: Integer tensor of shape `(2,)`.
        first_row: Integer or scalar integer tensor. Index of this replica's first row in the global batch. Defaults
            to `0`.

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


def current_draws() -> Draws | None:
    """Return the `Draws` of the innermost open seed scope, or `None` outside of any."""
    return _scope.get()
