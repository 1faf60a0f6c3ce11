"""All that knows tf.distribute: replica ids, what crosses replicas, and strategies by name."""

import tensorflow as tf


def num_replicas():
    """Number of replicas that share the global batch; 1 without a strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_id():
    """Index of the calling replica: 0, or under a strategy a scalar int32 tensor below `num_replicas()`."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group if num_replicas() > 1 else 0


def gather(tensor):
    """Concatenates the replicas' rows, in the order of their ids. Differentiable.

    Args:
        tensor: (batch, ...), the same shape on every replica.

    Returns:
        (replicas * batch, ...); `tensor` itself where there is one replica.
    """
    if num_replicas() == 1:
        return tensor
    return tf.distribute.get_replica_context().all_gather(tensor, axis=0)


def mean(tensor):
    """Mean of `tensor` over the replicas; `tensor` itself where there is one. No gradient passes."""
    if num_replicas() == 1:
        return tensor
    return tf.distribute.get_replica_context().all_reduce("mean", tf.stop_gradient(tensor))


def assign(variable, value):
    """Gives a variable the value that all replicas have computed alike, without sending it anywhere.

    `variable.assign` refuses this on replicas, unless the variable was made to average or broadcast what it is given.

    Args:
        variable: a `keras.Variable`, equal on all replicas.
        value: tensor of its shape, equal on all replicas.
    """
    extended = tf.distribute.get_strategy().extended
    extended.update(variable.value, lambda local, new: local.assign(tf.cast(new, local.dtype)), args=(value,))


def is_multi_worker(strategy=None):
    """Whether a strategy, by default the current one, spans several processes."""
    strategy = strategy or tf.distribute.get_strategy()
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def transferable(dataset, strategy):
    """`dataset`, with uint8 as float32 where Keras sends batches through collectives, which refuse uint8."""
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
