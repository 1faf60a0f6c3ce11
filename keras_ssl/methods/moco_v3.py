from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_positive
from keras_ssl.losses import (
    embedding_spread,
    gather_views,
    positive_accuracy,
    query_key_similarities,
    softmax_cross_entropy,
)
from keras_ssl.methods.momentum_method import MomentumMethod
from keras_ssl.methods.predictor_mixin import PredictorMixin


@keras.saving.register_keras_serializable("keras_ssl")
class MoCoV3(PredictorMixin, MomentumMethod):
    """Finds the momentum encoder's view of an image among those of the batch, without a queue.

    Chen, Xie and He 2021, "An Empirical Study of Training Self-Supervised Vision Transformers"
    (https://arxiv.org/abs/2104.02057), algorithm 1: queries q = h(g(f(view))) with a prediction head h, keys of the
    other view from the momentum encoder without one, `keras_ssl.losses.info_nce` within the batch, times 2τ, summed
    over both directions. It suits vision transformers and convolutional encoders. Large batches do better.

    The paper keeps a transformer's random patch projection frozen, for stability in long trainings (section 4.1). Set
    `encoder.get_layer("patch_tokens").trainable = False` before you build the method to do the same.

    Logged beside the loss: `contrastive_accuracy`, how often the key is the nearest of the batch's;
    `embedding_spread` of the queries, 0 when they have collapsed; and `momentum`.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to embeddings. Defaults to `heads.projection_head` with three layers,
            4096 hidden units and 256 outputs with batch normalization, as the paper's for transformers (section 3;
            two layers for a ResNet in its code).
        predictor: A `keras.Model` from embeddings to embeddings. Defaults to two layers, 4096 hidden units and batch
            normalization on the output, as in the paper's code.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        temperature: Positive float. Defaults to `0.2`, as in the paper's code for transformers (1.0 for a ResNet).
        momentum: Float in [0, 1], or a schedule of the step, such as the paper's `CosineMomentum` from 0.99 to 1.
            Defaults to `0.99` throughout.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, a head does not fit, the temperature is not positive, or the
            momentum is outside [0, 1].

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> encoder = keras_ssl.backbones.vit((32, 32, 3), patch_size=8, size="tiny", depth=2)
    >>> model = keras_ssl.MoCoV3(encoder)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("contrastive_accuracy", "embedding_spread", "momentum")

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        predictor: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        temperature: float = 0.2,
        momentum: float | Callable = 0.99,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, predictor, augmenter, momentum=momentum, seed=seed, **kwargs)
        self.temperature = check_positive("temperature", temperature)

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """Section 3 of the paper."""
        return heads.projection_head(features, 4096, 256, layers=3)

    @staticmethod
    def default_predictor(dim: int) -> keras.Model:
        """As in the paper's code."""
        return heads.projection_head(dim, 4096, dim, name="prediction_head")

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        self.update_target()
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes both views in one batch, and finds each query's key among those of the other view."""
        queries = self.predictor(self.embed(views, training), training=training)
        queries_a, queries_b = tf.split(queries, 2)
        keys_a, keys_b = tf.split(self.embed_target(views, training), 2)
        compared = [self._compare(queries_a, keys_b), self._compare(queries_b, keys_a)]
        # With this factor the size of the gradients does not depend on the temperature (algorithm 1, "ctr").
        losses = [2 * self.temperature * softmax_cross_entropy(*pair, self.temperature) for pair in compared]
        return tf.add_n(losses), {
            "contrastive_accuracy": tf.add_n([positive_accuracy(*pair) for pair in compared]) / 2,
            "embedding_spread": embedding_spread(gather_views(queries)[0]),
            "momentum": self.current_momentum(),
        }

    @staticmethod
    def _compare(queries, keys):
        """The similarities that info_nce compares within the global batch."""
        return query_key_similarities(queries, keys, global_views=gather_views(queries, keys))

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "temperature": self.temperature,
        }
