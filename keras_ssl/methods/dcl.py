import keras
import tensorflow as tf

from keras_ssl import backbones
from keras_ssl.losses import (
    decoupled_cross_entropy,
    embedding_spread,
    global_views,
    positive_accuracy,
    two_view_similarities,
)
from keras_ssl.methods.projected_views import ProjectedViews
from keras_ssl.training import check_positive


@keras.saving.register_keras_serializable("keras_ssl")
class DCL(ProjectedViews):
    """SimCLR without the positive in the denominator, which lets small batches learn faster.

    Yeh et al. 2021, "Decoupled Contrastive Learning" (https://arxiv.org/abs/2110.06848), section 3.2: once a pair is
    close, SimCLR's gradient fades for all its negatives too. `keras_ssl.losses.decoupled_nt_xent` leaves the pair out
    of the softmax's denominator, and the coupling is gone. All else is `SimCLR`.

    Logged beside the loss: `contrastive_accuracy` and `embedding_spread`, as by `SimCLR`.

    Args:
        encoder: a built `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            features (batch, features).
        projector: a `keras.Model` from features to embeddings. By default SimCLR's, `backbones.projection_head` with
            128 outputs.
        augmenter: a `keras_ssl.augment.Augmenter`. By default `augment.simclr` for the encoder's image size, and
            `augment.grayscale` for images that are not RGB.
        temperature: positive float; 0.1 as in the paper (section 4.1).
        seed: int. With the step and the view it determines every random draw of the training.

    Raises:
        ValueError: for an encoder that is not such a model, a projector that does not fit it, or a temperature
            that is not positive.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.DCL(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    logged = ("contrastive_accuracy", "embedding_spread")

    def __init__(self, encoder, projector=None, augmenter=None, *, temperature=0.1, seed=0, **kwargs):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        self.temperature = check_positive("temperature", temperature)

    @staticmethod
    def default_projector(features):
        """SimCLR's: the paper changes the loss alone."""
        return backbones.projection_head(features, features, 128)

    def train_step(self, data):
        """SimCLR's algorithm 1, with the decoupled loss."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views, training):
        """Compares each view's embedding with all others of the batch."""
        z_a, z_b = tf.split(self.embed(views, training), 2)
        all_a, all_b, first_row = global_views(z_a, z_b)
        similarities, positives = two_view_similarities(z_a, z_b, (all_a, all_b, first_row))
        # This is decoupled_nt_xent; the accuracy takes the same similarities.
        loss = decoupled_cross_entropy(similarities, positives, self.temperature)
        return loss, {
            "contrastive_accuracy": positive_accuracy(similarities, positives),
            "embedding_spread": embedding_spread(tf.concat([all_a, all_b], axis=0)),
        }

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "temperature": self.temperature}
