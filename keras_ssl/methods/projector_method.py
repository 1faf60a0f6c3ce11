import keras
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.checks.networks import check_head
from keras_ssl.methods.base import SelfSupervisedModel


class ProjectorMethod(SelfSupervisedModel):
    """Base class of methods that compare the projections of two views of an image.

    A method defines its paper's projector in `default_projector`. The projector is discarded after training, and the
    encoder is kept. Arguments as for `SelfSupervisedModel`, and `projector`.
    """

    views = 2
    minimum_batch = 2

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        features = encoder.output_shape[-1]
        self.projector = projector or self.default_projector(features)
        check_head("projector", self.projector, features)

    @staticmethod
    def default_projector(features: int) -> keras.Model:
        """The paper's projector on `features` features, a built `keras.Model`."""
        raise NotImplementedError("A method that compares projections must implement default_projector(features).")

    def embed(self, views: tf.Tensor, training: bool) -> tf.Tensor:
        """The projections of views, computed in one batch, of shape `(views, dim)`."""
        return self.projector(self.encoder(views, training=training), training=training)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "projector": keras.saving.serialize_keras_object(self.projector)}
