import keras
import tensorflow as tf

from keras_ssl import distribute


@keras.saving.register_keras_serializable("keras_ssl")
class FeatureQueue(keras.layers.Layer):
    """Queue of features of past batches, for negatives (MoCo) or nearest neighbors (NNCLR).

    A ring buffer of rows of length 1: new rows overwrite the oldest. Until it is full, the rest are random
    directions, as in MoCo's code. Its state is stored in weights, so that it is saved with the method. It is equal on
    all replicas, because each enqueues the features of the global batch.

    Args:
        size: Integer > 0. Number of features in the queue. MoCo has 65536 for ImageNet (He et al. 2020,
            https://arxiv.org/abs/1911.05722), NNCLR 98304 (Dwibedi et al. 2021, https://arxiv.org/abs/2104.14548).
        dim: Integer > 0. Dimensions of a feature.
        **kwargs: Arguments of `keras.layers.Layer`.

    Attributes:
        features: Float32 weight of shape `(size, dim)`, rows of length 1.
        enqueued: Int64 weight. Number of rows enqueued so far.

    Raises:
        ValueError: If `size` or `dim` is not a positive integer, or a batch is larger than the queue.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> queue = keras_ssl.layers.FeatureQueue(size=64, dim=16)
    >>> queue.enqueue(tf.random.normal((8, 16)))
    >>> float(queue.fill())
    0.125
    """

    def __init__(self, size: int, dim: int, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        for name, value in (("size", size), ("dim", dim)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a positive integer. Received: {name}={value!r}")
        self.size = size
        self.dim = dim
        self.features = self.add_weight(
            name="features", shape=(size, dim), initializer=_random_directions, trainable=False, autocast=False
        )
        self.enqueued = self.add_weight(
            name="enqueued", shape=(), dtype="int64", initializer="zeros", trainable=False
        )
        self.built = True

    def enqueue(self, features: tf.Tensor) -> None:
        """Replace the oldest features by a batch of new ones.

        Args:
            features: Float tensor of shape `(batch, dim)`. Rows of this replica, at most `size` on all replicas
                together. They are normalized here, and no gradient flows through them.
        """
        rows = tf.stop_gradient(tf.math.l2_normalize(tf.cast(features, tf.float32), axis=-1))
        if rows.shape[1] != self.dim or (rows.shape[0] or 0) * distribute.num_replicas() > self.size:
            raise ValueError(
                f"This queue holds {self.size} features of {self.dim} dimensions: make it larger, or the batch "
                f"smaller. Received: a batch of shape {tuple(rows.shape)} on {distribute.num_replicas()} replica(s)"
            )
        # The batch size may be unknown until now. Of a batch larger than the queue, the last rows are kept.
        rows = distribute.gather(rows)[-self.size :]
        oldest = tf.cast(self.enqueued % self.size, tf.int32)
        places = (oldest + tf.range(tf.shape(rows)[0])) % self.size
        distribute.assign(self.features, tf.tensor_scatter_nd_update(self.features, places[:, tf.newaxis], rows))
        distribute.assign(self.enqueued, self.enqueued + tf.shape(rows, tf.int64)[0])

    def nearest(self, queries: tf.Tensor) -> tf.Tensor:
        """Return the feature in the queue nearest to each query, by cosine similarity.

        Args:
            queries: Float tensor of shape `(batch, dim)`.

        Returns:
            Float32 tensor of shape `(batch, dim)`, rows of length 1, without a gradient.
        """
        # The queries need no normalization: their length scales all their similarities equally.
        similarities = tf.matmul(tf.cast(queries, tf.float32), self.features, transpose_b=True)
        return tf.gather(self.features, tf.argmax(similarities, axis=1))

    def fill(self) -> tf.Tensor:
        """Return the fraction of the queue filled so far, a float32 scalar in `[0, 1]`."""
        return tf.minimum(tf.cast(self.enqueued, tf.float32) / self.size, 1.0)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "size": self.size, "dim": self.dim}


def _random_directions(shape, dtype=None):
    return tf.math.l2_normalize(keras.initializers.RandomNormal(stddev=1.0)(shape, dtype=dtype), axis=-1)
