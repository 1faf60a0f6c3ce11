import keras
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.backbones.copies import copied
from keras_ssl.methods.projector_method import ProjectorMethod


class MomentumMethod(ProjectorMethod):
    """Base class of methods with a momentum (EMA) encoder and projector.

    The target is a copy of the encoder and the projector that no gradient trains: after every step of the optimizer,
    `update_target` moves it a little towards them. It is not an argument and not in `get_config`: its weights are
    saved with the method's. Arguments as for `ProjectorMethod`, and `momentum`.
    """

    states: tuple[str, ...] = ("momentum",)

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


def momentum_copy(model):
    """A copy of an encoder or a head that no gradient trains: the target, teacher or key network of a method.

    The copy starts with equal weights and has variables of its own, which `momentum_update` lets follow. They do not
    count as trainable, whatever `trainable` is set to, so a method's `trainable_weights` and its optimizer leave them
    out. The layers still behave as in training where they are called with `training=True`, and batch normalization
    uses the statistics of its batch. (With `copy.trainable = False` it would use its moving statistics.)

    A method makes the copy in its `__init__`, from the encoder or head that it was given, and does not mention it in
    `get_config`: a loaded method makes it anew, and Keras puts the saved weights into it.

    Args:
        model: a built `keras.Model` that Keras can serialize.

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
        # Not the layers' `trainable`, which batch normalization looks at.
        variable.trainable = False
    for layer in copy._flatten_layers():
        # Setting `trainable` on a model that owns the copy makes anew trainable what layers list as that.
        layer._non_trainable_variables[:0] = layer._trainable_variables
        layer._trainable_variables.clear()
    return copy


def momentum_update(source, target, momentum):
    """One step of the target after the source: θ_target ← m θ_target + (1 - m) θ_source.

    He et al. 2020, "Momentum Contrast for Unsupervised Visual Representation Learning"
    (https://arxiv.org/abs/1911.05722, equation 2). Only what the source learns by gradient follows, which is what the
    official codes of MoCo, MoCo v3, BYOL and DINO do: batch normalization's moving statistics are the target's own,
    taken from the batches that it sees in training. Averages of the source's would belong to other weights.

    Args:
        source: the `keras.Model` that learns.
        target: its `momentum_copy`.
        momentum: float or scalar tensor m in [0, 1], such as a `keras_ssl.optimizers.CosineMomentum` of the step:
            with 0 the target becomes the source, with 1 it stands still.

    Raises:
        ValueError: for a momentum outside [0, 1], or models that are not of the same shape.

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
            "A target follows the model that it is the momentum_copy of, weight by weight. Received: "
            f"source={source.name!r} with {len(shapes[0])} weights and target={target.name!r} with {len(shapes[1])}, "
            "or of other shapes"
        )
    for weight, follower in zip(source.weights, target.weights, strict=True):
        if weight.trainable:
            distribute.assign(follower, momentum * follower + (1.0 - momentum) * weight)
