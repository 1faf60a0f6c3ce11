from typing import Any

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_choice, check_margin
from keras_ssl.losses import (
    MINERS,
    embedding_spread,
    euclidean_distances,
    gather_views,
    pairwise_contrastive,
)
from keras_ssl.methods.projector_method import ProjectorMethod


@keras.saving.register_keras_serializable("keras_ssl")
class PairwiseContrastive(ProjectorMethod):
    """Pulls two views of an image together, and pushes views of two images apart up to a margin.

    Hadsell, Chopra and LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping"
    (https://doi.org/10.1109/CVPR.2006.100), algorithm 1, with views of an image instead of labelled neighbors. Each
    first view is paired with the second view of its image and with that of another image of the global batch, so
    `keras_ssl.losses.pairwise_contrastive` has the same number of both kinds. Embeddings have length 1, so distances
    lie in [0, 2].

    Logged beside the loss: `positive_distance` and `negative_distance`, the means over the pairs of either kind, and
    `embedding_spread`, 0 when the embeddings have collapsed.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)`, raw pixels in [0, 255], to
            features `(batch, features)`.
        projector: A `keras.Model` from features to embeddings. Defaults to SimCLR's, `heads.projection_head` with 128
            outputs.
        augmenter: A `keras_ssl.augment.Augmenter`. Defaults to `augment.simclr` for the encoder's image size, or
            `augment.grayscale` for images that are not RGB.
        margin: Float in (0, 2). Views of two images that are farther apart have no loss. Defaults to `1.0`.
        negatives: String. Which other image makes a pair: `"random"`, `"semi_hard"` (the nearest that is farther than
            the other view) or `"hardest"`. Most random images are soon beyond the margin, and teach nothing. Defaults
            to `"random"`.
        seed: Integer. With the step and the view it determines every random draw of the training. Defaults to `0`.

    Raises:
        ValueError: If the encoder is not such a model, the projector does not fit, the margin is out of its range, or
            there are no `negatives` of that name.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.PairwiseContrastive(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("positive_distance", "negative_distance", "embedding_spread")

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        margin: float = 1.0,
        negatives: str = "random",
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        self.margin = check_margin(margin)
        check_choice("negatives", negatives, MINERS)
        self.negatives = negatives

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """SimCLR's head: the paper's network is its encoder."""
        return heads.projection_head(features, features, 128)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Algorithm 1 of the paper, with views as pairs."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views: tf.Tensor, training: bool) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Pairs each first view with the second view of its image and with that of another."""
        embeddings = tf.math.l2_normalize(self.embed(views, training), axis=-1)
        first, second = tf.split(embeddings, 2)
        all_first, all_second, first_row = gather_views(first, second)
        distances = euclidean_distances(first, all_second)
        rows = tf.range(tf.shape(first)[0])
        uniform = self.draws(training=training).uniform(tf.shape(first)[0], 1)
        others = MINERS[self.negatives](distances, first_row + rows, uniform)
        loss = pairwise_contrastive(
            tf.concat([first, first], axis=0),
            tf.concat([second, tf.gather(all_second, others)], axis=0),
            same=tf.repeat([True, False], tf.shape(first)[0]),
            margin=self.margin,
        )
        return loss, {
            "positive_distance": tf.reduce_mean(tf.gather(distances, first_row + rows, batch_dims=1)),
            "negative_distance": tf.reduce_mean(tf.gather(distances, others, batch_dims=1)),
            "embedding_spread": embedding_spread(tf.concat([all_first, all_second], axis=0)),
        }

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "margin": self.margin, "negatives": self.negatives}
