from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter
from keras_ssl.checks.networks import warn_without_batch_normalization
from keras_ssl.losses import embedding_spread, gather_views, negative_cosine
from keras_ssl.methods.predictor_mixin import PredictorMixin
from keras_ssl.methods.projector_method import ProjectorMethod


@keras.saving.register_keras_serializable("keras_ssl")
class SimSiam(PredictorMixin, ProjectorMethod):
    """Predicts the projection of one view from the other, with a stop-gradient on the target.

    Chen and He 2020, "Exploring Simple Siamese Representation Learning" (https://arxiv.org/abs/2011.10566), algorithm
    1: `keras_ssl.losses.negative_cosine` of the prediction p = h(z) from one view and the projection stop_gradient(z)
    of the other, in both directions. No negatives, no momentum encoder, no large batch. The stop-gradient, the
    predictor and batch normalization together prevent a collapse.

    The paper trains the predictor at a constant learning rate while that of the rest decays (section 4.2), as the
    recipe does:

        from keras.optimizers import MultiOptimizer, OptimizerMap, SGD
        decaying = keras_ssl.optimizers.scaled_cosine(0.05, batch_size=256, total_steps=10_000)
        constant = SGD(0.05, momentum=0.9)
        model.compile(MultiOptimizer(OptimizerMap(SGD(decaying, momentum=0.9), {".*prediction_.*": constant})))

    Logged beside the loss: `embedding_spread`, about 1 for embeddings that fill the sphere and 0 when they have
    collapsed, which is what the paper watches (figure 2).

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to projections. Defaults to `heads.projection_head` with three layers
            of 2048 and batch normalization on the output, as in the paper (section 3).
        predictor: A `keras.Model` from projections to projections. Defaults to `heads.prediction_head` with a quarter
            of the projection's dimensions in between, 512, as in the paper.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, or a head does not fit.

    Warns:
        UserWarning: If neither the encoder nor a head has batch normalization.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.SimSiam(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("embedding_spread",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        predictor: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, predictor, augmenter, seed=seed, **kwargs)
        warn_without_batch_normalization(self, self.encoder, self.projector, self.predictor)

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """Section 3 of the paper."""
        return heads.projection_head(features, 2048, 2048, layers=3)

    @staticmethod
    def default_predictor(dim: int) -> keras.Model:
        """Section 3 of the paper."""
        return heads.prediction_head(dim, max(1, dim // 4))

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes both views in one batch, and predicts each from the other."""
        projections = self.embed(views, training)
        predictions = self.predictor(projections, training=training)
        z_a, z_b = tf.split(tf.stop_gradient(projections), 2)
        # Both halves have the same number of rows, so this is the mean of both directions.
        loss = negative_cosine(predictions, tf.concat([z_b, z_a], axis=0))
        return loss, {"embedding_spread": embedding_spread(gather_views(projections)[0])}
