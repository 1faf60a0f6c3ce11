import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.checks.arguments import check_positive
from keras_ssl.losses import barlow_twins, embedding_spread, gather_views
from keras_ssl.methods.projector_method import ProjectorMethod


@keras.saving.register_keras_serializable("keras_ssl")
class BarlowTwins(ProjectorMethod):
    """Every dimension of the embedding agrees between two views, and says what no other dimension says.

    Zbontar et al. 2021, "Barlow Twins: Self-Supervised Learning via Redundancy Reduction"
    (https://arxiv.org/abs/2103.03230), algorithm 1: the cross-correlation of the two views' embeddings, over the
    batch, is brought close to the identity matrix by `keras_ssl.losses.barlow_twins`. No negatives, no momentum
    encoder, no predictor; wide embeddings do better (figure 4). On several replicas the correlation is that of the
    global batch.

    The loss is a sum over the dimensions: recipes scale its gradient by the learning rate, where the official code
    multiplies the loss by a constant.

    Logged beside the loss: `embedding_spread`, about 1 for embeddings that fill the sphere and 0 when they have
    collapsed.

    Args:
        encoder: a built `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            features (batch, features).
        projector: a `keras.Model` from features to embeddings. By default `heads.projection_head` with two
            hidden layers of 8192 and 8192 outputs, as in the paper (section 3.1).
        augmenter: a `keras_ssl.augment.Augmenter`. By default `augment.simclr` for the encoder's image size, and
            `augment.grayscale` for images that are not RGB.
        redundancy_weight: positive float λ, of the term off the diagonal; 5e-3 as in the paper (section 3.1).
        seed: int. With the step and the view it determines every random draw of the training.

    Raises:
        ValueError: for an encoder that is not such a model, a projector that does not fit it, or a weight that is
            not positive.

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

    def __init__(self, encoder, projector=None, augmenter=None, *, redundancy_weight=5e-3, seed=0, **kwargs):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        self.redundancy_weight = check_positive("redundancy_weight", redundancy_weight)

    @staticmethod
    def default_projector(features):
        """Section 3.1 of the paper."""
        return heads.projection_head(features, 8192, 8192, layers=3, output_batch_norm=False)

    def train_step(self, data):
        """Algorithm 1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views, training):
        """Correlates the dimensions of the two views over the global batch."""
        gathered = gather_views(*tf.split(self.embed(views, training), 2))
        loss = barlow_twins(*gathered[:2], self.redundancy_weight)
        return loss, {"embedding_spread": embedding_spread(tf.concat(gathered[:2], axis=0))}

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "redundancy_weight": self.redundancy_weight}
