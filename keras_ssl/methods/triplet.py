from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_choice, check_margin
from keras_ssl.losses import (
    MINERS,
    embedding_spread,
    euclidean_distance,
    euclidean_distances,
    gather_views,
    triplet_margin,
)
from keras_ssl.methods.projector_method import ProjectorMethod


@keras.saving.register_keras_serializable("keras_ssl")
class Triplet(ProjectorMethod):
    """Makes a view of an image nearer to its other view than to a view of another image, by a margin.

    Schroff et al. 2015, "FaceNet" (https://arxiv.org/abs/1503.03832), without labels, as in Wang and Gupta 2015,
    "Unsupervised Learning of Visual Representations using Videos" (https://arxiv.org/abs/1505.00687), where the
    positive is another picture of the same thing: here another view of the same image. The anchors are the first
    views. The negatives are chosen among the second views of the other images of the global batch, and
    `keras_ssl.losses.triplet_margin` compares the distances. Embeddings have length 1 (FaceNet, section 3.1), so
    distances lie in [0, 2].

    Logged beside the loss: `active_triplets`, the share of triplets that still violate the margin, the only ones with
    a gradient; and `embedding_spread`, 0 when the embeddings have collapsed, which can happen early in training with
    "hardest" negatives (FaceNet, section 3.2).

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to embeddings. Defaults to SimCLR's, `heads.projection_head` with 128
            outputs, FaceNet's number (section 5.4).
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        margin: Float in (0, 2). Defaults to `1.0`.
        negatives: String. `"random"`, `"semi_hard"` (the nearest that is farther than the positive) or `"hardest"`.
            Defaults to `"semi_hard"`.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, the projector does not fit, the margin is out of its range, or
            there are no `negatives` of that name.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.Triplet(keras_ssl.backbones.small_cnn((32, 32, 3)), negatives="semi_hard")
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("active_triplets", "embedding_spread")

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        margin: float = 1.0,
        negatives: str = "semi_hard",
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        self.margin = check_margin(margin)
        check_choice("negatives", negatives, MINERS)
        self.negatives = negatives

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """SimCLR's head, with FaceNet's 128 dimensions."""
        return heads.projection_head(features, features, 128)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """FaceNet's section 3, with views as anchors and positives."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Chooses a negative for each anchor, and compares the distances."""
        embeddings = tf.math.l2_normalize(self.embed(views, training), axis=-1)
        anchors, positives = tf.split(embeddings, 2)
        all_anchors, candidates, first_row = gather_views(anchors, positives)
        rows = tf.range(tf.shape(anchors)[0])
        chosen = MINERS[self.negatives](
            euclidean_distances(anchors, candidates),
            first_row + rows,
            uniform=self.draws(training=training).uniform(tf.shape(rows)[0], 1),
        )
        negatives = tf.gather(candidates, chosen)
        loss = triplet_margin(anchors, positives, negatives, self.margin)
        violation = euclidean_distance(anchors, positives) - euclidean_distance(anchors, negatives) + self.margin
        return loss, {
            "active_triplets": tf.reduce_mean(tf.cast(violation > 0, tf.float32)),
            "embedding_spread": embedding_spread(tf.concat([all_anchors, candidates], axis=0)),
        }

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "margin": self.margin, "negatives": self.negatives}
