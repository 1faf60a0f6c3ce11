from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf

# An epoch of a data set that its user repeats has fewer passes than this.
_MANY_PASSES = 2**20


def set_epoch(dataset: tf.data.Dataset, epoch: int):
    """Tell a data set which epoch comes next, so that its order can be replayed.

    The order of a data set from `load`, `from_directory` and `from_arrays` is a function of its seed and of the
    epoch. It counts epochs itself: each iteration reads the number and adds one. Setting it before an iteration
    repeats the order of that epoch, in this process or in another. It holds for what was derived from such a data
    set, too: `dataset.map(…)`, `dataset.repeat()`. It ends at `dataset.shuffle(…)`, which draws an order of its own.

    Args:
        dataset: A data set. One that is not from this package, nor derived from one, is left as it is.
        epoch: The number of the next epoch, a non-negative integer.

    Example:

    >>> dataset = keras_ssl.data.from_arrays(np.zeros((8, 4, 4, 1), "uint8"), batch_size=2)
    >>> set_epoch(dataset, 3)
    >>> first = [images for images in dataset]
    >>> set_epoch(dataset, 3)
    >>> again = [images for images in dataset]
    """
    for source, passes in sources(dataset):
        source.epoch.assign(epoch * passes)


def sources(dataset):
    """The data sets of this package that one was derived from.

    Args:
        dataset: Anything.

    Returns:
        A list of pairs: a data set with an `epoch`, and how many of its passes an epoch of `dataset` has at most.
    """
    if isinstance(getattr(dataset, "epoch", None), tf.Variable):
        return [(dataset, getattr(dataset, "passes", 1))]
    inputs = dataset._inputs() if isinstance(dataset, tf.data.Dataset) else []
    repeats = _MANY_PASSES if type(dataset).__name__ == "_RepeatDataset" else 1
    return [(source, passes * repeats) for part in inputs for source, passes in sources(part)]


def forgets_epochs(dataset):
    """Whether a data set derived from this package's was shuffled or cached, so that its order cannot be replayed.

    That is so after tf.data's `shuffle`, and after a `cache` of a shuffled one, which repeats its first order.
    """
    if not isinstance(dataset, tf.data.Dataset) or hasattr(dataset, "epoch") or not sources(dataset):
        return False
    kind = type(dataset).__name__
    repeats_order = kind == "CacheDataset" and any(source.shuffled for source, _ in sources(dataset))
    return kind == "_ShuffleDataset" or repeats_order or any(map(forgets_epochs, dataset._inputs()))


def each_epoch(build, seed):
    """A data set whose every iteration depends on the seed and the number of the epoch.

    Args:
        build: Takes an int64 tensor (2,), the seed and the epoch, and returns a `tf.data.Dataset`.
        seed: An integer.

    Returns:
        The data set, and the int64 variable that holds the number of the next epoch.

    Raises:
        ValueError: If `seed` is no integer.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValueError(f"`seed` must be an integer. Received: seed={seed!r}")
    # Strategy scopes belong to a thread. Outside of any, the variable is a plain one on the CPU even where the
    # data set is made under a strategy, which would mirror it onto devices that tf.data does not run on.
    with ThreadPoolExecutor(1) as plain:
        epoch = plain.submit(_new_counter).result()

    def start(_):
        now = epoch.assign_add(1) - 1
        return build(tf.stack([tf.constant(seed, tf.int64), now]))

    return tf.data.Dataset.range(1).flat_map(start), epoch


def epoch_order(count, shuffle, seeds):
    """The indices 0 … count - 1 (int64): as they are, or permuted as a pure function of `seeds`."""
    indices = tf.range(tf.cast(count, tf.int64))
    if shuffle:
        # Philox is the same on every device and with and without XLA.
        indices = tf.random.experimental.stateless_shuffle(indices, seeds, alg="philox")
    return indices


def _new_counter():
    with tf.device("CPU:0"):
        return tf.Variable(0, dtype=tf.int64, trainable=False, name="epoch")
