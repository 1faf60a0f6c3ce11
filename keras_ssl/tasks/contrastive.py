import keras

from keras_ssl import heads
from keras_ssl.checks.arguments import check_positive
from keras_ssl.checks.networks import check_head
from keras_ssl.losses import contrasted_views
from keras_ssl.tasks.task import Task


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Contrastive(Task):
    """Tells two random views of an image from the views of all other images, as `keras_ssl.SimCLR` does.

    Chen et al. 2020 (https://arxiv.org/abs/2002.05709), algorithm 1, with `keras_ssl.losses.nt_xent` on the global
    batch. Logged beside the loss: `accuracy`, how often the positive is the nearest of all candidates, and
    `embedding_spread`, about 1 for embeddings that fill the sphere and 0 when they have collapsed.

    Args:
        projector: a built `keras.Model` from features to embeddings. By default `heads.projection_head` with one
            hidden layer as wide as the features and 128 outputs, as in the paper (section 2.1).
        temperature: positive float; 0.5 as in the paper for CIFAR-10 (appendix B.9).
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: for a temperature that is not positive; from `MultiTask`, for a projector that does not fit.

    Example:

    >>> import keras_ssl
    >>> tasks = {"contrast": keras_ssl.tasks.Contrastive(temperature=0.2), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.small_cnn((32, 32, 3)), tasks)
    """

    logged = ("accuracy", "embedding_spread")
    views = 2
    against_augmented = "Contrastive compares random views anyway"
    minimum_batch = 2

    def __init__(self, projector=None, *, temperature=0.5, **kwargs):
        super().__init__(**kwargs)
        self.projector = projector
        self.temperature = check_positive("temperature", temperature)

    def build_head(self, encoder):
        """The paper's projector, where there is none."""
        features = encoder.output_shape[-1]
        self.projector = self.projector or heads.projection_head(features, features, 128)
        check_head("projector", self.projector, features)

    def forward(self, encoder, images, target, draws, training):
        """Projects both views in one batch, and compares each with all."""
        projections = self.projector(encoder(images, training=training), training=training)
        loss, accuracy, spread = contrasted_views(projections, self.temperature)
        return loss, {"accuracy": accuracy, "embedding_spread": spread}

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "projector": keras.saving.serialize_keras_object(self.projector),
            "temperature": self.temperature,
        }
