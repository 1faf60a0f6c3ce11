from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_positive
from keras_ssl.layers.feature_queue import FeatureQueue
from keras_ssl.losses import embedding_spread, gather_views, nnclr
from keras_ssl.methods.predictor_mixin import PredictorMixin
from keras_ssl.methods.projector_method import ProjectorMethod


@keras.saving.register_keras_serializable("keras_ssl")
class NNCLR(PredictorMixin, ProjectorMethod):
    """Contrasts views with the nearest neighbor of the other view among past images.

    Dwibedi et al. 2021, "With a Little Help from My Friends: Nearest-Neighbor Contrastive Learning of Visual
    Representations" (https://arxiv.org/abs/2104.14548), algorithm 1: the embedding of one view is replaced by its
    nearest neighbor in a support queue, and `keras_ssl.losses.nnclr` finds the prediction from the other view among
    those of the batch; the mean of both directions. So two images of the same kind become positives, which no
    augmentation can do.

    Logged beside the loss: `neighbor_similarity`, the cosine of an embedding and its neighbor; `embedding_spread`, 0
    when the embeddings have collapsed; and `queue_fill`, the share of the queue that has been filled.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to embeddings. Defaults to `heads.projection_head` with three layers,
            2048 hidden units and 256 outputs, as in the paper (section 4.1).
        predictor: A `keras.Model` from embeddings to embeddings. Defaults to `heads.prediction_head` with 4096 hidden
            units, as in the paper.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        temperature: Positive float. Defaults to `0.1`, as in the paper (section 4.1).
        queue_size: Positive integer, at least the batch. Defaults to `98304`, as in the paper.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, a head does not fit, or a number is out of its range. In
            `fit`, if a batch does not fit into the queue.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.NNCLR(keras_ssl.backbones.small_cnn((32, 32, 3)), queue_size=256)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("neighbor_similarity", "embedding_spread", "queue_fill")
    states = ("queue_fill",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        predictor: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        temperature: float = 0.1,
        queue_size: int = 98304,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, predictor, augmenter, seed=seed, **kwargs)
        self.temperature = check_positive("temperature", temperature)
        self.queue = FeatureQueue(queue_size, self.projector.output_shape[-1])

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """Section 4.1 of the paper."""
        return heads.projection_head(features, 2048, 256, layers=3)

    @staticmethod
    def default_predictor(dim: int) -> keras.Model:
        """Section 4.1 of the paper."""
        return heads.prediction_head(dim)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            embeddings = self.embed(views, training=True)
            loss, logs = self.compare(embeddings, training=True)
        self.minimize(loss, tape)
        self.queue.enqueue(tf.split(embeddings, 2)[0])
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Embeds both views in one batch, and compares neighbors with predictions."""
        return self.compare(self.embed(views, training), training)

    def compare(self, embeddings: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compares each view's nearest neighbor with the other view's prediction."""
        predictions_a, predictions_b = tf.split(self.predictor(embeddings, training=training), 2)
        neighbors = self.queue.nearest(embeddings)
        neighbors_a, neighbors_b = tf.split(neighbors, 2)
        loss = (self._find(neighbors_a, predictions_b) + self._find(neighbors_b, predictions_a)) / 2
        cosines = tf.reduce_sum(neighbors * tf.math.l2_normalize(embeddings, axis=-1), axis=-1)
        return loss, {
            "neighbor_similarity": tf.reduce_mean(cosines),
            "embedding_spread": embedding_spread(gather_views(embeddings)[0]),
            "queue_fill": self.queue.fill(),
        }

    def _find(self, neighbors, predictions):
        return nnclr(neighbors, predictions, self.temperature, global_views=gather_views(neighbors, predictions))

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "queue_size": self.queue.size,
        }
