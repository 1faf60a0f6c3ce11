from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_count, check_positive
from keras_ssl.layers.feature_queue import FeatureQueue
from keras_ssl.losses import (
    embedding_spread,
    gather_views,
    positive_accuracy,
    query_key_similarities,
    softmax_cross_entropy,
)
from keras_ssl.methods.momentum_method import MomentumMethod


@keras.saving.register_keras_serializable("keras_ssl")
class MoCo(MomentumMethod):
    """Finds the other view of an image among the views of thousands of past images, kept in a queue.

    He et al. 2020, "Momentum Contrast for Unsupervised Visual Representation Learning"
    (https://arxiv.org/abs/1911.05722), algorithm 1, with the head, the views and the temperature of Chen et al. 2020,
    "Improved Baselines with Momentum Contrastive Learning" (MoCo v2, https://arxiv.org/abs/2003.04297). The encoder
    embeds the queries, the momentum encoder the keys, and `keras_ssl.losses.info_nce` finds the key of a query among
    those in the queue. So the number of negatives does not depend on the batch.

    When both networks normalize the same batch, its statistics give away which key belongs to which query, and
    nothing is learned (section 3.3, "shuffling BN"). So the keys are shuffled and go through the momentum encoder in
    `key_batches` parts, each normalized by its own statistics, as on each of the paper's GPUs.

    Logged beside the loss: `contrastive_accuracy`, how often the key is nearer than the whole queue;
    `embedding_spread` of the queries, 0 when they have collapsed; `momentum`; and `queue_fill`, the share of the
    queue that has been filled.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to embeddings. Defaults to `heads.projection_head` with one hidden
            layer as wide as the features and 128 outputs, without batch normalization on the output (MoCo v2).
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        temperature: Positive float. Defaults to `0.2`, as in MoCo v2.
        momentum: Float in [0, 1], or a schedule of the step. Defaults to `0.999`, as in the paper (section 4.1).
            Short trainings need less, such as 0.99.
        queue_size: Positive integer, at least the batch (twice the batch with `symmetric`). Defaults to `65536`, as
            in the paper.
        key_batches: Positive integer. The parts that the keys are split into; `1` for no split. Each part needs two
            images, so a batch needs at least twice as many. Defaults to `8`, the number of the paper's GPUs.
        symmetric: Boolean. Whether each view is the query once, which doubles the passes. Defaults to `False`, as in
            the paper.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, the projector does not fit, or a number is out of its range.
            In `fit`, if a batch does not fit into the queue.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.MoCo(keras_ssl.backbones.small_cnn((32, 32, 3)), queue_size=256)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("contrastive_accuracy", "embedding_spread", "momentum", "queue_fill")
    states = ("momentum", "queue_fill")

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        temperature: float = 0.2,
        momentum: float | Callable = 0.999,
        queue_size: int = 65536,
        key_batches: int = 8,
        symmetric: bool = False,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, momentum=momentum, seed=seed, **kwargs)
        self.temperature = check_positive("temperature", temperature)
        check_count("key_batches", key_batches)
        self.key_batches = int(key_batches)
        self.minimum_batch = 2 * self.key_batches
        self.symmetric = bool(symmetric)
        self.queue = FeatureQueue(queue_size, self.projector.output_shape[-1])

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """Section 2 of MoCo v2."""
        return heads.projection_head(features, features, 128, output_batch_norm=False)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper; the momentum encoder is updated after the step."""
        views = self.augment(self.images(data))
        keys = self.keys(views, training=True)
        with tf.GradientTape() as tape:
            loss, logs = self.compare(views, keys, training=True)
        self.minimize(loss, tape)
        self.update_target()
        for view in tf.split(keys, 2 if self.symmetric else 1):  # the same order on any number of replicas
            self.queue.enqueue(view)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Embeds queries and keys, and compares them."""
        return self.compare(views, self.keys(views, training), training)

    def keys(self, views: tf.Tensor, training: bool) -> tf.Tensor:
        """The momentum encoder's embeddings of the second views; if symmetric, then those of the first."""
        first, second = tf.split(views, 2)
        rows = tf.shape(first)[0]
        order = tf.argsort(self.draws(training=training).uniform(rows, 1)[:, 0])
        keys = self._shuffled_keys(second, order, training)
        return tf.concat([keys, self._shuffled_keys(first, order, training)], axis=0) if self.symmetric else keys

    def _shuffled_keys(self, views, order, training):
        """The momentum encoder's embeddings of `views`, computed in another order and in parts."""
        ends = tf.range(1, self.key_batches + 1) * tf.shape(views)[0] // self.key_batches
        parts = tf.split(tf.gather(views, order), ends - tf.concat([[0], ends[:-1]], 0), num=self.key_batches)
        shuffled = tf.concat([self.embed_target(part, training) for part in parts], axis=0)
        return tf.gather(shuffled, tf.argsort(order))

    def compare(self, views: tf.Tensor, keys: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compares each first view, or each view if symmetric, with its key and the queue."""
        queries = self.embed(views if self.symmetric else tf.split(views, 2)[0], training)
        similarities, positives = query_key_similarities(queries, keys, self.queue.features)
        # This is info_nce, written out because the accuracy needs the same similarities.
        loss = softmax_cross_entropy(similarities, positives, self.temperature)
        return loss, {
            "contrastive_accuracy": positive_accuracy(similarities, positives),
            "embedding_spread": embedding_spread(gather_views(queries)[0]),
            "momentum": self.current_momentum(),
            "queue_fill": self.queue.fill(),
        }

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "queue_size": self.queue.size,
            "key_batches": self.key_batches,
            "symmetric": self.symmetric,
        }
