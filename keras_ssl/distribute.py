"""Everything about tf.distribute: replica ids, shares of a batch, communication, and strategies by name."""

from typing import TYPE_CHECKING, Any, NamedTuple

import tensorflow as tf

if TYPE_CHECKING:
    import keras


class Share(NamedTuple):
    """A replica's rows in the global batch.

    Attributes:
        first_row: Integer or int32 scalar tensor. Index of the first of them.
        rows: Integer or int32 scalar tensor. Their number.
        all_rows: Integer or int32 scalar tensor. Number of rows of the global batch.
    """

    first_row: Any
    rows: Any
    all_rows: Any

    @property
    def weight(self) -> float | tf.Tensor:
        """The weight of this replica's mean in the mean over the global batch: `rows / all_rows`, float32."""
        if self.rows is self.all_rows:
            return 1.0
        return tf.cast(self.rows, tf.float32) / tf.cast(self.all_rows, tf.float32)


def num_replicas() -> int:
    """Number of replicas that share the global batch; 1 without a strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_id() -> int | tf.Tensor:
    """Index of the calling replica: 0, or under a strategy a scalar int32 tensor below `num_replicas()`."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group if num_replicas() > 1 else 0


def share(rows: int | tf.Tensor) -> Share:
    """The calling replica's share of the global batch.

    Replicas may hold different numbers of rows: nine images are divided into five and four.

    Args:
        rows: Integer or int32 scalar tensor. Number of rows that this replica holds.

    Returns:
        A `Share`.
    """
    if num_replicas() == 1:
        return Share(0, rows, rows)
    counts = gather(tf.reshape(tf.cast(rows, tf.int32), (1,)))
    return Share(tf.reduce_sum(counts[: replica_id()]), counts[replica_id()], tf.reduce_sum(counts))


def smallest_share(rows: int | tf.Tensor, replicas: int) -> int | tf.Tensor:
    """Number of rows that tf.distribute gives the last replica; 0 or less if it gets none.

    Args:
        rows: Integer or integer tensor. Number of rows of the global batch.
        replicas: Integer. Number of replicas.
    """
    return rows - (replicas - 1) * -(-rows // replicas)


def gather(tensor: tf.Tensor) -> tf.Tensor:
    """Concatenate the rows of all replicas, in the order of their ids. Differentiable.

    Args:
        tensor: Tensor of shape `(batch, …)`. Replicas may hold different numbers of rows.

    Returns:
        Tensor of shape `(global batch, …)`; with one replica `tensor` itself.
    """
    if num_replicas() == 1:
        return tensor
    return _with_dense_gradient(tf.distribute.get_replica_context().all_gather(tensor, axis=0))


@tf.custom_gradient
def _with_dense_gradient(tensor):
    # The gradient of all_gather does not take the sparse one of tf.gather.
    return tf.identity(tensor), tf.convert_to_tensor


def total(tensor: tf.Tensor) -> tf.Tensor:
    """Sum of `tensor` over the replicas; with one replica `tensor` itself. No gradient passes."""
    if num_replicas() == 1:
        return tensor
    return tf.distribute.get_replica_context().all_reduce("sum", tf.stop_gradient(tensor))


def mean(tensor: tf.Tensor, share: Share) -> tf.Tensor:
    """Mean over the global batch, from each replica's mean over its rows. No gradient passes.

    Args:
        tensor: Float tensor. This replica's mean.
        share: A `Share`. This replica's.

    Returns:
        Tensor of the same shape; with one replica `tensor` itself.
    """
    if num_replicas() == 1:
        return tensor
    return total(tensor * tf.cast(share.weight, tensor.dtype))


def assign(variable: "keras.Variable", value: tf.Tensor) -> None:
    """Assign a value that is the same on all replicas, without communication.

    `variable.assign` raises an error on replicas, unless the variable averages or broadcasts assigned values.

    Args:
        variable: A `keras.Variable`, equal on all replicas.
        value: Tensor of the same shape, equal on all replicas.
    """
    extended = tf.distribute.get_strategy().extended
    extended.update(variable.value, lambda local, new: local.assign(tf.cast(new, local.dtype)), args=(value,))


def undistributed(dataset: Any) -> Any:
    """Return the `tf.data.Dataset` behind a distributed data set, otherwise `dataset` itself."""
    if not isinstance(dataset, tf.distribute.DistributedDataset):
        return dataset
    # If a function makes a data set for each worker, there is none.
    return getattr(dataset, "_original_dataset", None) or dataset


def is_multi_worker(strategy: tf.distribute.Strategy | None = None) -> bool:
    """Whether a strategy, by default the current one, spans several processes."""
    strategy = strategy or tf.distribute.get_strategy()
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def transferable(dataset: tf.data.Dataset, strategy: tf.distribute.Strategy) -> tf.data.Dataset:
    """Cast uint8 to float32 if Keras sends batches through collectives, which do not support uint8."""
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


def strategy(name: str = "none") -> tf.distribute.Strategy:
    """Return a tf.distribute strategy by its name.

    Args:
        name: String. `"none"` (the current strategy; by default one device), `"mirrored"` (all GPUs of this machine),
            `"multi_worker"` (the machines in TF_CONFIG) or `"tpu"`. Defaults to `"none"`.

    Returns:
        A `tf.distribute.Strategy`. Build and compile the method under its `scope()`.

    Raises:
        ValueError: If the name is unknown.

    Example:

    >>> import keras_ssl
    >>> with keras_ssl.distribute.strategy("mirrored").scope():
    ...     model = keras_ssl.SimCLR(keras_ssl.backbones.small_cnn((32, 32, 3)))
    ...     model.compile("adam")
    """
    if name not in _STRATEGIES:
        raise ValueError(f"strategy name must be one of {sorted(_STRATEGIES)}. Received: name={name!r}")
    return _STRATEGIES[name]()
