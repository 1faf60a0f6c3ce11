import numpy as np
import numpy.typing as npt
import tensorflow as tf

# Similarities per block, 64 MB in float32: 50 000 images against 10 000 at once would be 2 GB.
BLOCK_SIZE = 2**24


def nearest(queries: npt.ArrayLike, bank: npt.ArrayLike, k: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest rows by cosine similarity, in blocks of queries to limit memory.

    Of equally similar rows the one that comes first in the bank counts as nearer. A row of zeros has no direction:
    its similarity to everything is 0.

    Args:
        queries: Float array (n, features).
        bank: Float array (m, features).
        k: Integer in [1, m]. The number of neighbors. Defaults to `20`.

    Returns:
        Tuple of two arrays (n, k), nearest first: the similarities, float32 in [-1, 1], and the rows in the bank.

    Raises:
        ValueError: If `k` is out of its range.

    Example:

    >>> similarities, rows = keras_ssl.evaluate.nearest([[1.0, 0.1]], [[0.0, 1.0], [2.0, 0.0]], k=1)
    >>> rows.tolist()
    [[1]]
    """
    queries, bank = np.asarray(queries, np.float32), np.asarray(bank, np.float32)
    if not 1 <= k <= len(bank):
        raise ValueError(
            f"k must be from 1 to the number of images in the bank, {len(bank)}; choose a smaller k, or give more "
            f"images. Received: k={k}"
        )
    columns = tf.constant(np.ascontiguousarray(_directions(bank).T))
    rows = max(1, BLOCK_SIZE // len(bank))
    blocks = [
        tf.math.top_k(tf.matmul(_directions(queries[i : i + rows]), columns), k) for i in range(0, len(queries), rows)
    ]
    return tuple(np.concatenate([block[i].numpy() for block in blocks]) for i in range(2))


def _directions(vectors):
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
