from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter
from keras_ssl.checks.networks import warn_without_batch_normalization
from keras_ssl.losses import embedding_spread, gather_views, negative_cosine
from keras_ssl.methods.momentum_method import MomentumMethod
from keras_ssl.methods.predictor_mixin import PredictorMixin


@keras.saving.register_keras_serializable("keras_ssl")
class BYOL(PredictorMixin, MomentumMethod):
    """Predicts the momentum encoder's projection of the other view, without negatives.

    Grill et al. 2020, "Bootstrap your own latent" (https://arxiv.org/abs/2006.07733), section 3.1: the online network
    predicts q(g(f(view))), and the target network, which is the momentum encoder, gives g'(f'(other view)).
    `keras_ssl.losses.negative_cosine` compares them, in both directions; the paper's loss is 4 + 2 times the sum. The
    target follows the online network by a momentum, which rises to 1 in the paper. The predictor, the slow target and
    batch normalization prevent a collapse; with none of them it collapses.

    Logged beside the loss: `momentum`, and `embedding_spread`, about 1 for embeddings that fill the sphere and 0 when
    they have collapsed, of the online network's projections.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to projections. Defaults to `heads.projection_head` with 4096 hidden
            units and 256 outputs, as in the paper (section 3.2).
        predictor: A `keras.Model` from projections to projections. Defaults to `heads.prediction_head`, with 4096
            hidden units as in the paper.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        momentum: Float in [0, 1], or a schedule of the step such as `keras_ssl.optimizers.CosineMomentum`, which is
            the paper's from 0.996 to 1. Defaults to `0.996` throughout, because a method does not know how long it
            will be trained. Short trainings need less, such as 0.99.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, a head does not fit, or the momentum is outside [0, 1].

    Warns:
        UserWarning: If neither the encoder nor a head has batch normalization.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.BYOL(
    ...     keras_ssl.backbones.small_cnn((32, 32, 3)),
    ...     momentum=keras_ssl.optimizers.CosineMomentum(total_steps=2, initial=0.99),
    ... )
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("embedding_spread", "momentum")

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        predictor: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        momentum: float | Callable = 0.996,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, predictor, augmenter, momentum=momentum, seed=seed, **kwargs)
        warn_without_batch_normalization(self, self.encoder, self.projector, self.predictor)

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """Section 3.2 of the paper."""
        return heads.projection_head(features, 4096, 256, output_batch_norm=False)

    @staticmethod
    def default_predictor(dim: int) -> keras.Model:
        """Section 3.2 of the paper."""
        return heads.prediction_head(dim)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        self.update_target()
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes both views in one batch by each network, and predicts each view from the other."""
        projections = self.embed(views, training)
        predictions = self.predictor(projections, training=training)
        target_a, target_b = tf.split(self.embed_target(views, training), 2)
        # Both halves have the same number of rows, so this is the mean of both directions.
        loss = negative_cosine(predictions, tf.concat([target_b, target_a], axis=0))
        return loss, {
            "embedding_spread": embedding_spread(gather_views(projections)[0]),
            "momentum": self.current_momentum(),
        }
