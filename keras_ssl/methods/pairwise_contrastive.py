import keras
import tensorflow as tf

from keras_ssl import heads
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
    """Two views of an image are pulled together, views of two images are pushed apart up to a margin.

    Hadsell, Chopra and LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping"
    (https://doi.org/10.1109/CVPR.2006.100), algorithm 1, where views of an image take the place of labelled
    neighbors. Each step has as many pairs of two images as pairs of one: each first view with the second view of
    another image of the global batch, so `keras_ssl.losses.pairwise_contrastive` sees both alike often. Embeddings
    have length 1, so that distances lie in [0, 2].

    Logged beside the loss: `positive_distance` and `negative_distance`, the means over the pairs of either kind, and
    `embedding_spread`, 0 when the embeddings have collapsed.

    Args:
        encoder: a built `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            features (batch, features).
        projector: a `keras.Model` from features to embeddings. By default SimCLR's, `heads.projection_head` with
            128 outputs.
        augmenter: a `keras_ssl.augment.Augmenter`. By default `augment.simclr` for the encoder's image size, and
            `augment.grayscale` for images that are not RGB.
        margin: float in (0, 2): from this distance on, views of two images are left alone; 1.0.
        negatives: which other image makes a pair: "random", "semi_hard" (the nearest that is farther than the other
            view) or "hardest". Most images drawn at random are beyond the margin soon, and teach nothing.
        seed: int. With the step and the view it determines every random draw of the training.

    Raises:
        ValueError: for an encoder that is not such a model, a projector that does not fit it, a margin that is out of
            its range, or negatives of another name.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.PairwiseContrastive(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("positive_distance", "negative_distance", "embedding_spread")

    def __init__(self, encoder, projector=None, augmenter=None, *, margin=1.0, negatives="random", seed=0, **kwargs):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        self.margin = check_margin(margin)
        check_choice("negatives", negatives, MINERS)
        self.negatives = negatives

    @staticmethod
    def default_projector(features):
        """SimCLR's head: the paper's network is its encoder."""
        return heads.projection_head(features, features, 128)

    def train_step(self, data):
        """Algorithm 1 of the paper, on views."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views, training):
        """Pairs each first view with its own image's second view, and with another's."""
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

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "margin": self.margin, "negatives": self.negatives}
