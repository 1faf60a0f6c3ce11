"""Everything about tf.distribute: replica ids, shares of a batch, communication, and strategies by name."""

from typing import Any, NamedTuple

import tensorflow as tf


class Share(NamedTuple):
    """A replica's rows among those of the global batch.

    Attributes:
        first_row: int or int32 scalar tensor, where they begin.
        rows: int or int32 scalar tensor, how many they are.
        all_rows: int or int32 scalar tensor, how many the global batch has.
    """

    first_row: Any
    rows: Any
    all_rows: Any

    @property
    def weight(self):
        """The part that this replica's mean over its rows has in the mean over the global batch, float32."""
        if self.rows is self.all_rows:
            return 1.0
        return tf.cast(self.rows, tf.float32) / tf.cast(self.all_rows, tf.float32)


def num_replicas():
    """Number of replicas that share the global batch; 1 without a strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_id():
    """Index of the calling replica: 0, or under a strategy a scalar int32 tensor below `num_replicas()`."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group if num_replicas() > 1 else 0


def share(rows):
    """The calling replica's `Share` of a global batch of which it holds so many rows.

    Replicas may hold different numbers: of nine images tf.distribute deals five and four.

    Args:
        rows: int or int32 scalar tensor.
    """
    if num_replicas() == 1:
        return Share(0, rows, rows)
    counts = gather(tf.reshape(tf.cast(rows, tf.int32), (1,)))
    return Share(tf.reduce_sum(counts[: replica_id()]), counts[replica_id()], tf.reduce_sum(counts))


def smallest_share(rows, replicas):
    """Number of `rows` that tf.distribute gives the last replica; 0 or less if it gets none.

    Args:
        rows: int or integer tensor.
        replicas: int.
    """
    return rows - (replicas - 1) * -(-rows // replicas)


def gather(tensor):
    """Concatenates the replicas' rows, in the order of their ids. Differentiable.

    Args:
        tensor: (batch, ...), of any number of rows on each replica.

    Returns:
        (global batch, ...); `tensor` itself where there is one replica.
    """
    if num_replicas() == 1:
        return tensor
    return _with_dense_gradient(tf.distribute.get_replica_context().all_gather(tensor, axis=0))


@tf.custom_gradient
def _with_dense_gradient(tensor):
    # The gradient of all_gather does not take the sparse one of tf.gather.
    return tf.identity(tensor), tf.convert_to_tensor


def total(tensor):
    """Sum of `tensor` over the replicas; `tensor` itself where there is one. No gradient passes."""
    if num_replicas() == 1:
        return tensor
    return tf.distribute.get_replica_context().all_reduce("sum", tf.stop_gradient(tensor))


def mean(tensor, share):
    """Mean over the global batch, from each replica's mean over its rows. No gradient passes.

    Args:
        tensor: float tensor, this replica's mean.
        share: this replica's `Share`.

    Returns:
        A tensor of the same shape; `tensor` itself where there is one replica.
    """
    if num_replicas() == 1:
        return tensor
    return total(tensor * tf.cast(share.weight, tensor.dtype))


def assign(variable, value):
    """Assigns a value that all replicas have computed equally, without communication.

    `variable.assign` refuses this on replicas, unless the variable was made to average or broadcast what it is given.

    Args:
        variable: a `keras.Variable`, equal on all replicas.
        value: tensor of its shape, equal on all replicas.
    """
    extended = tf.distribute.get_strategy().extended
    extended.update(variable.value, lambda local, new: local.assign(tf.cast(new, local.dtype)), args=(value,))


def undistributed(dataset):
    """Returns the `tf.data.Dataset` behind a distributed one, or else `dataset` itself."""
    if not isinstance(dataset, tf.distribute.DistributedDataset):
        return dataset
    # There is none where a function makes a data set for each worker.
    return getattr(dataset, "_original_dataset", None) or dataset


def is_multi_worker(strategy=None):
    """Whether a strategy, by default the current one, spans several processes."""
    strategy = strategy or tf.distribute.get_strategy()
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def transferable(dataset, strategy):
    """Casts uint8 to float32 if Keras sends batches through collectives, which refuse uint8."""
    if not is_multi_worker(strategy):
        return dataset

    def cast(tensor):
        return tf.cast(tensor, tf.float32) if tensor.dtype == tf.uint8 else tensor

    return dataset.map(lambda *batch: tf.nest.map_structure(cast, batch if len(batch) > 1 else batch[0]))


def _tpu():
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
    tf.config.experimental_connect_to_cluster(resolver)
    tf.tpu.experimental.initialize_tpu_system(resolver)
    return tf.distribute.TPUStrategy(resolver)


_STRATEGIES = {
    "none": tf.distribute.get_strategy,
    "mirrored": tf.distribute.MirroredStrategy,
    "multi_worker": tf.distribute.MultiWorkerMirroredStrategy,
    "tpu": _tpu,
}


def strategy(name="none"):
    """The tf.distribute strategy of that name.

    Args:
        name: "none" (the current strategy; by default one device), "mirrored" (all GPUs of this machine),
            "multi_worker" (the machines in TF_CONFIG) or "tpu".

    Returns:
        A `tf.distribute.Strategy`. Build and compile the method under its `scope()`.

    Raises:
        ValueError: for another name.

    Example:

    >>> import keras_ssl
    >>> with keras_ssl.distribute.strategy("mirrored").scope():
    ...     model = keras_ssl.SimCLR(keras_ssl.backbones.small_cnn((32, 32, 3)))
    ...     model.compile("adam")
    """
    if name not in _STRATEGIES:
        raise ValueError(f"strategy name must be one of {sorted(_STRATEGIES)}. Received: name={name!r}")
    return _STRATEGIES[name]()
