from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_positive
from keras_ssl.losses import embedding_spread, gather_views, vicreg_terms
from keras_ssl.methods.projector_method import ProjectorMethod


@keras.saving.register_keras_serializable("keras_ssl")
class VICReg(ProjectorMethod):
    """Makes two views agree, keeps the variance of every dimension, and decorrelates the dimensions.

    Bardes et al. 2021, "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning"
    (https://arxiv.org/abs/2105.04906), algorithm 1: a weighted sum of the three terms of
    `keras_ssl.losses.vicreg_terms`. The second keeps the embeddings from collapsing to a point, the third from
    collapsing to a line. On several replicas the terms are those of the global batch.

    Logged beside the loss: `invariance`, `variance` and `covariance`, without their weights; `variance` is 1 when the
    embeddings have collapsed and 0 when every dimension's standard deviation is at least 1. And `embedding_spread`.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to embeddings. Defaults to `heads.projection_head` with two hidden
            layers of 8192 and 8192 outputs, as in the paper (section 4.2).
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        invariance_weight: Positive float. Defaults to `25.0`, as in the paper (section 4.2), like the other two.
        variance_weight: Positive float. Defaults to `25.0`.
        covariance_weight: Positive float. Defaults to `1.0`.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, the projector does not fit, or a weight is not positive.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3))
    >>> head = keras_ssl.heads.projection_head(256, 512, 512, layers=3, output_batch_norm=False)
    >>> model = keras_ssl.VICReg(encoder, head)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("invariance", "variance", "covariance", "embedding_spread")

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        invariance_weight: float = 25.0,
        variance_weight: float = 25.0,
        covariance_weight: float = 1.0,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        self.invariance_weight = check_positive("invariance_weight", invariance_weight)
        self.variance_weight = check_positive("variance_weight", variance_weight)
        self.covariance_weight = check_positive("covariance_weight", covariance_weight)

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """Section 4.2 of the paper."""
        return heads.projection_head(features, 8192, 8192, layers=3, output_batch_norm=False)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Computes the three terms over the global batch."""
        all_a, all_b, _ = gather_views(*tf.split(self.embed(views, training), 2))
        invariance, variance, covariance = vicreg_terms(all_a, all_b)
        # This is the loss vicreg, written out because its terms are logged.
        loss = (
            self.invariance_weight * invariance
            + self.variance_weight * variance
            + self.covariance_weight * covariance
        )
        return loss, {
            "invariance": invariance,
            "variance": variance,
            "covariance": covariance,
            "embedding_spread": embedding_spread(tf.concat([all_a, all_b], axis=0)),
        }

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "invariance_weight": self.invariance_weight,
            "variance_weight": self.variance_weight,
            "covariance_weight": self.covariance_weight,
        }
