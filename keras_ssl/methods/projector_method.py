import keras

from keras_ssl.checks.networks import check_head
from keras_ssl.methods.base import SelfSupervisedModel


class ProjectorMethod(SelfSupervisedModel):
    """What the methods share that compare two views of an image behind a projector.

    A method says in `default_projector` which head its paper puts behind the encoder. The head is thrown away after
    training; the encoder's features are what is learned. Arguments as for `SelfSupervisedModel`, and `projector`.
    """

    views = 2
    minimum_batch = 2

    def __init__(self, encoder, projector=None, augmenter=None, *, seed=0, **kwargs):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        features = encoder.output_shape[-1]
        self.projector = projector or self.default_projector(features)
        check_head("projector", self.projector, features)

    @staticmethod
    def default_projector(features):
        """The paper's head for an encoder of so many features, a built `keras.Model`."""
        raise NotImplementedError("A method that compares projections must say which: default_projector(features).")

    def embed(self, views, training):
        """The projections of views, all in one batch: (views, dim)."""
        return self.projector(self.encoder(views, training=training), training=training)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "projector": keras.saving.serialize_keras_object(self.projector)}
