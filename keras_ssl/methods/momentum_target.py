import keras
import tensorflow as tf

from keras_ssl.methods.projected_views import ProjectedViews
from keras_ssl.targets import momentum_copy, momentum_update


class MomentumTarget(ProjectedViews):
    """What the methods share whose target network follows the one that learns.

    The target is a copy of the encoder and the projector that no gradient trains: after every step of the optimizer,
    `update_target` moves it a little towards them. It is not an argument and not in `get_config`: its weights are
    saved with the method's. Arguments as for `ProjectedViews`, and `momentum`.
    """

    states = ("momentum",)

    def __init__(self, encoder, projector=None, augmenter=None, *, momentum, seed=0, **kwargs):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        if not callable(momentum) and not 0 <= momentum <= 1:
            raise ValueError(
                "momentum is a number between 0, where the target is the network itself, and 1, where it stands "
                f"still, or a keras_ssl.optimizers.CosineMomentum. Received: momentum={momentum}"
            )
        self.momentum = momentum
        self.target_encoder = momentum_copy(self.encoder)
        self.target_projector = momentum_copy(self.projector)

    def embed_target(self, views, training):
        """The target's projections of views, without a gradient: (views, dim)."""
        features = self.target_encoder(views, training=training)
        return tf.stop_gradient(self.target_projector(features, training=training))

    def update_target(self):
        """Moves the target after the network that has just learned."""
        momentum = self.current_momentum()
        momentum_update(self.encoder, self.target_encoder, momentum)
        momentum_update(self.projector, self.target_projector, momentum)

    def current_momentum(self):
        """The momentum at this step, a float32 scalar."""
        momentum = self.momentum(self.step) if callable(self.momentum) else self.momentum
        return tf.convert_to_tensor(momentum, tf.float32)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "momentum": keras.saving.serialize_keras_object(self.momentum)}
