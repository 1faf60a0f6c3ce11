from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_positive
from keras_ssl.losses import barlow_twins, embedding_spread, gather_views
from keras_ssl.methods.projector_method import ProjectorMethod


@keras.saving.register_keras_serializable("keras_ssl")
class BarlowTwins(ProjectorMethod):
    """Makes each dimension of the embedding agree between two views, and decorrelates it from all others.

    Zbontar et al. 2021, "Barlow Twins: Self-Supervised Learning via Redundancy Reduction"
    (https://arxiv.org/abs/2103.03230), algorithm 1: the cross-correlation of the two views' embeddings, over the
    batch, is brought close to the identity matrix by `keras_ssl.losses.barlow_twins`. No negatives, no momentum
    encoder, no predictor; wide embeddings do better (figure 4). On several replicas the correlation is that of the
    global batch.

    The loss is a sum over the dimensions. The official code multiplies it by a constant; the recipes have a smaller
    learning rate instead.

    Logged beside the loss: `embedding_spread`, about 1 for embeddings that fill the sphere and 0 when they have
    collapsed.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to embeddings. Defaults to `heads.projection_head` with two hidden
            layers of 8192 and 8192 outputs, as in the paper (section 3.1).
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        redundancy_weight: Positive float. λ, the weight of the off-diagonal term. Defaults to `5e-3`, as in the paper
            (section 3.1).
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, the projector does not fit, or the weight is not positive.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3))
    >>> head = keras_ssl.heads.projection_head(256, 512, 512, layers=3, output_batch_norm=False)
    >>> model = keras_ssl.BarlowTwins(encoder, head)
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("embedding_spread",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        redundancy_weight: float = 5e-3,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        self.redundancy_weight = check_positive("redundancy_weight", redundancy_weight)

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """Section 3.1 of the paper."""
        return heads.projection_head(features, 8192, 8192, layers=3, output_batch_norm=False)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Correlates the dimensions of the two views over the global batch."""
        gathered = gather_views(*tf.split(self.embed(views, training), 2))
        loss = barlow_twins(*gathered[:2], self.redundancy_weight)
        return loss, {"embedding_spread": embedding_spread(tf.concat(gathered[:2], axis=0))}

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "redundancy_weight": self.redundancy_weight}
