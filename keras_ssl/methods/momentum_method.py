from collections.abc import Callable

import keras
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.augment import Augmenter
from keras_ssl.backbones.copies import copied
from keras_ssl.methods.projector_method import ProjectorMethod


class MomentumMethod(ProjectorMethod):
    """Base class of methods with a momentum (EMA) encoder and projector.

    The momentum encoder is a copy that no gradient trains. After every step of the optimizer, `update_target` moves
    it a little towards the encoder: an exponential moving average of its weights. The papers call it the target
    (BYOL), the teacher (DINO) or the key encoder (MoCo); attributes and methods here have `target` in their names. It
    is not in `get_config`, because it is built from the encoder; its weights are saved with the method's. Arguments
    as for `ProjectorMethod`, and `momentum`.
    """

    states: tuple[str, ...] = ("momentum",)

    def __init__(
        self,
        encoder: keras.Model,
        projector: keras.Model | None = None,
        augmenter: Augmenter | None = None,
        *,
        momentum: float | Callable,
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, projector, augmenter, seed=seed, **kwargs)
        if not callable(momentum) and not 0 <= momentum <= 1:
            raise ValueError(
                "momentum must be from 0 (the target equals the encoder) to 1 (the target never changes), "
                f"or a keras_ssl.optimizers.CosineMomentum. Received: momentum={momentum}"
            )
        self.momentum = momentum
        self.target_encoder = momentum_copy(self.encoder)
        self.target_projector = momentum_copy(self.projector)

    def embed_target(self, views: tf.Tensor, training: bool) -> tf.Tensor:
        """The target's projections of views, without a gradient, of shape `(views, dim)`."""
        features = self.target_encoder(views, training=training)
        return tf.stop_gradient(self.target_projector(features, training=training))

    def update_target(self) -> None:
        """Moves the target towards the encoder and the projector."""
        momentum = self.current_momentum()
        momentum_update(self.encoder, self.target_encoder, momentum)
        momentum_update(self.projector, self.target_projector, momentum)

    def current_momentum(self) -> tf.Tensor:
        """The momentum at this step, a float32 scalar."""
        momentum = self.momentum(self.step) if callable(self.momentum) else self.momentum
        return tf.convert_to_tensor(momentum, tf.float32)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "momentum": keras.saving.serialize_keras_object(self.momentum)}


def momentum_copy(model: keras.Model) -> keras.Model:
    """Copies an encoder or a head, for a momentum encoder that no gradient trains.

    The copy starts with equal weights and has variables of its own, which `momentum_update` updates. They are never
    trainable, whatever `trainable` is set to, so a method's `trainable_weights` and its optimizer leave them out.
    With `training=True` the layers still behave as in training, and batch normalization uses the statistics of its
    batch. (With `copy.trainable = False` it would use its moving statistics.)

    A method makes the copy in its `__init__`, and leaves it out of `get_config`: a loaded method makes it again, and
    Keras loads the saved weights into it.

    Args:
        model: A built `keras.Model` that Keras can serialize.

    Returns:
        A `keras.Model` with the same configuration and equal weights.

    Example:

    >>> import keras_ssl
    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1))
    >>> target = momentum_copy(encoder)
    >>> len(target.trainable_weights), len(target.weights) == len(encoder.weights)
    (0, True)
    """
    copy = copied(model)
    for variable in copy.variables:
        # Not the layers' `trainable`, on which batch normalization depends.
        variable.trainable = False
    for layer in copy._flatten_layers():
        # Otherwise setting `trainable` on a model that owns the copy would make the layers' weights trainable again.
        layer._non_trainable_variables[:0] = layer._trainable_variables
        layer._trainable_variables.clear()
    return copy


def momentum_update(source: keras.Model, target: keras.Model, momentum: float | tf.Tensor) -> None:
    """Moves the target towards the source: θ_target ← m θ_target + (1 - m) θ_source.

    He et al. 2020, "Momentum Contrast for Unsupervised Visual Representation Learning"
    (https://arxiv.org/abs/1911.05722, equation 2). Only trainable weights are updated, as in the official codes of
    MoCo, MoCo v3, BYOL and DINO. The moving statistics of batch normalization are the target's own, from the batches
    that it sees in training; those of the source belong to other weights.

    Args:
        source: The `keras.Model` that is trained.
        target: Its `momentum_copy`.
        momentum: Float or scalar tensor m in [0, 1], such as the value of a `keras_ssl.optimizers.CosineMomentum`.
            With 0 the target becomes the source, with 1 it never changes.

    Raises:
        ValueError: If the momentum is outside [0, 1], or the models are not of the same shape.

    Example:

    >>> import keras_ssl
    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1))
    >>> target = momentum_copy(encoder)
    >>> momentum_update(encoder, target, momentum=0.996)
    """
    if isinstance(momentum, int | float) and not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be between 0 and 1. Received: momentum={momentum}")
    shapes = [[tuple(weight.shape) for weight in model.weights] for model in (source, target)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "A target must be the momentum_copy of its source, with weights of the same number and shapes. Received: "
            f"source={source.name!r} with {len(shapes[0])} weights and target={target.name!r} with {len(shapes[1])}, "
            "of other shapes"
        )
    for weight, follower in zip(source.weights, target.weights, strict=True):
        if weight.trainable:
            distribute.assign(follower, momentum * follower + (1.0 - momentum) * weight)
