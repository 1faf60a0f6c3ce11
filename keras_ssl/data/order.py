from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import tensorflow as tf

# More passes than an epoch of a repeated data set can have.
_MANY_PASSES = 2**20


def set_epoch(dataset: tf.data.Dataset, epoch: int) -> None:
    """Set the next epoch of a data set, so that its order can be replayed.

    The order of a data set from `load`, `from_directory` or `from_arrays` is a function of its seed and the epoch.
    The data set counts epochs itself: each iteration reads the number and adds one. To repeat the order of an epoch,
    in this process or another, set its number before an iteration. This also works for data sets derived from such a
    data set, with `dataset.map(…)` or `dataset.repeat()`, but not with `dataset.shuffle(…)`, which draws an order of
    its own.

    Args:
        dataset: A data set. Has no effect if it is not from this package, nor derived from such a data set.
        epoch: Non-negative integer. The number of the next epoch.

    Example:

    >>> dataset = keras_ssl.data.from_arrays(np.zeros((8, 4, 4, 1), "uint8"), batch_size=2)
    >>> set_epoch(dataset, 3)
    >>> first = [images for images in dataset]
    >>> set_epoch(dataset, 3)
    >>> again = [images for images in dataset]
    """
    for source, passes in sources(dataset):
        source.epoch.assign(epoch * passes)


def sources(dataset: Any) -> list[tuple[tf.data.Dataset, int]]:
    """Find the data sets of this package that `dataset` was derived from.

    Args:
        dataset: Anything.

    Returns:
        List of pairs: a data set with an `epoch`, and the largest number of its passes in an epoch of `dataset`.
    """
    if isinstance(getattr(dataset, "epoch", None), tf.Variable):
        return [(dataset, getattr(dataset, "passes", 1))]
    inputs = dataset._inputs() if isinstance(dataset, tf.data.Dataset) else []
    repeats = _MANY_PASSES if type(dataset).__name__ == "_RepeatDataset" else 1
    return [(source, passes * repeats) for part in inputs for source, passes in sources(part)]


def forgets_epochs(dataset: Any) -> bool:
    """Whether a data set derived from this package's was shuffled or cached, so that its order cannot be replayed.

    This happens with tf.data's `shuffle`, and with a `cache` of a shuffled data set, which repeats the first order.
    """
    if not isinstance(dataset, tf.data.Dataset) or hasattr(dataset, "epoch") or not sources(dataset):
        return False
    kind = type(dataset).__name__
    repeats_order = kind == "CacheDataset" and any(source.shuffled for source, _ in sources(dataset))
    return kind == "_ShuffleDataset" or repeats_order or any(map(forgets_epochs, dataset._inputs()))


def each_epoch(build: Callable[[tf.Tensor], tf.data.Dataset], seed: int) -> tuple[tf.data.Dataset, tf.Variable]:
    """Make a data set whose every iteration depends on the seed and the number of the epoch.

    Args:
        build: Function of an int64 tensor of shape `(2,)`, the seed and the epoch, that returns a `tf.data.Dataset`.
        seed: Integer.

    Returns:
        Tuple of the data set and the int64 variable that holds the number of the next epoch.

    Raises:
        ValueError: If `seed` is not an integer.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValueError(f"`seed` must be an integer. Received: seed={seed!r}")
    # A strategy would mirror the variable onto devices that tf.data does not run on. Its scope belongs to a thread,
    # so another thread makes a plain variable on the CPU.
    with ThreadPoolExecutor(1) as plain:
        epoch = plain.submit(_new_counter).result()

    def start(_):
        now = epoch.assign_add(1) - 1
        return build(tf.stack([tf.constant(seed, tf.int64), now]))

    return tf.data.Dataset.range(1).flat_map(start), epoch


def epoch_order(count: int | tf.Tensor, shuffle: bool, seeds: tf.Tensor) -> tf.Tensor:
    """The indices 0 … count - 1 (int64): in order, or permuted as a pure function of `seeds`."""
    indices = tf.range(tf.cast(count, tf.int64))
    if shuffle:
        # Philox draws the same numbers on every device, with and without XLA.
        indices = tf.random.experimental.stateless_shuffle(indices, seeds, alg="philox")
    return indices


def _new_counter():
    with tf.device("CPU:0"):
        return tf.Variable(0, dtype=tf.int64, trainable=False, name="epoch")
