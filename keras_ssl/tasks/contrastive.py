from collections.abc import Callable

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Draws
from keras_ssl.checks.arguments import check_positive
from keras_ssl.checks.networks import check_head
from keras_ssl.losses import contrasted_views
from keras_ssl.tasks.task import Task


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Contrastive(Task):
    """Finds the other random view of an image among the views of all images: the task of `keras_ssl.SimCLR`.

    Chen et al. 2020 (https://arxiv.org/abs/2002.05709), algorithm 1, with `keras_ssl.losses.nt_xent` on the global
    batch as the loss. Logged beside the loss: `accuracy`, how often the positive is the nearest of all candidates,
    and `embedding_spread`, about 1 for embeddings that fill the sphere and 0 when they have collapsed.

    Args:
        projector: A built `keras.Model` from features to embeddings. Defaults to `heads.projection_head` with one
            hidden layer as wide as the features and 128 outputs, as in the paper (section 2.1).
        temperature: Positive float. Defaults to `0.5`, as in the paper for CIFAR-10 (appendix B.9).
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If the temperature is not positive. If the projector does not fit, raised when the task gets its
            encoder.

    Example:

    >>> import keras_ssl
    >>> tasks = {"contrast": keras_ssl.tasks.Contrastive(temperature=0.2), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.small_cnn((32, 32, 3)), tasks)
    """

    logged = ("accuracy", "embedding_spread")
    views = 2
    against_augmented = "Contrastive compares random views anyway"
    minimum_batch = 2

    def __init__(self, projector: keras.Model | None = None, *, temperature: float = 0.5, **kwargs):
        super().__init__(**kwargs)
        self.projector = projector
        self.temperature = check_positive("temperature", temperature)

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """The projector of section 2.1 of the paper."""
        return heads.projection_head(features, features, 128)

    def build_head(self, encoder: keras.Model) -> None:
        """Builds the paper's projector, unless there is one."""
        features = encoder.output_shape[-1]
        self.projector = self.projector or self.default_projector(features)
        check_head("projector", self.projector, features)

    def forward(
        self, encoder: Callable, images: tf.Tensor, target: None, draws: Draws, training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Projects both views in one batch, and compares each with all."""
        projections = self.projector(encoder(images, training=training), training=training)
        loss, accuracy, spread = contrasted_views(projections, self.temperature)
        return loss, {"accuracy": accuracy, "embedding_spread": spread}

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "projector": keras.saving.serialize_keras_object(self.projector),
            "temperature": self.temperature,
        }
