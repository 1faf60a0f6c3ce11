from collections.abc import Callable

import keras
import tensorflow as tf

from keras_ssl.augment import Draws


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Task(keras.layers.Layer):
    """Base class of the tasks that an encoder can be trained on: a head, a target and a loss.

    A task of your own builds its head in `build_head`, and computes the loss in `forward`. It is created without an
    encoder. `keras_ssl.MultiTask`, or a method of one task, gives it one, and then it belongs to that encoder.

    Args:
        augmented: Boolean. Whether the task gets a random view of each image, the first of the method's augmenter,
            instead of the images as they are. Defaults to `False`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If `augmented=True` makes no sense for the task.

    Example, features that should have unit variance:

    >>> import keras_ssl, keras, tensorflow as tf
    >>> class UnitVariance(keras_ssl.tasks.Task):
    ...     def forward(self, encoder, images, target, draws, training):
    ...         deviation = tf.math.reduce_std(encoder(images, training=training), axis=0)
    ...         return tf.reduce_mean(tf.square(deviation - 1)), {}
    >>> tasks = {"rebuild": keras_ssl.tasks.Reconstruction(), "variance": UnitVariance()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.conv_encoder((32, 32, 3), units=16), tasks)
    """

    #: Names of the metrics that `forward` returns beside the loss.
    logged: tuple[str, ...] = ()
    #: The smallest batch that the task can learn from.
    minimum_batch = 1
    #: Number of random views of each image that the task gets; with 0 it gets the images as they are.
    views = 0
    #: Why `augmented=True` makes no sense for the task, as a message; empty where it does.
    against_augmented = ""
    #: Whether the task calls `encoder.feature_map(images, training=…)`.
    reads_feature_map = False
    #: Whether the task gives the encoder whole images; see `keras_ssl.SelfSupervisedModel`.
    encodes_whole_images = True

    def __init__(self, *, augmented: bool = False, **kwargs):
        super().__init__(**kwargs)
        if augmented and self.against_augmented:
            raise ValueError(f"{self.against_augmented}: leave augmented out. Received: augmented={augmented}")
        if augmented:
            self.views = 1

    def attach(self, encoder: keras.Model) -> None:
        """Builds the head for the encoder that is trained on the task.

        Args:
            encoder: A built `keras.Model` from images to features.

        Raises:
            ValueError: If the task has an encoder already, or this one does not suit it.
        """
        if self.built:
            raise ValueError(
                "A task belongs to one encoder, for which its head was built: create another "
                f"{type(self).__name__}(…). Received: {self.name}, which has its head already"
            )
        self.build_head(encoder)
        self.built = True

    def build_head(self, encoder: keras.Model) -> None:
        """Builds the layers after the encoder; a task without weights needs none."""

    def forward(
        self, encoder: Callable, images: tf.Tensor, target: tf.Tensor | None, draws: Draws, training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Computes the loss of a batch of images.

        Args:
            encoder: Function from images to features, called as `encoder(images, training=training)`. Tasks that call
                it with the same tensor share one pass.
            images: Float32 tensor of shape `(batch, height, width, channels)`, raw pixels. With several `views` it
                has them view after view, `(views * batch, height, width, channels)`.
            target: What `fit` got as the target of this task, or `None`.
            draws: `keras_ssl.augment.Draws`, the task's own random numbers.
            training: Boolean.

        Returns:
            A tuple of the loss, a non-negative float32 scalar, and a dict of the scalars named in `logged`.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement forward(encoder, images, target, draws, training)."
        )

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "augmented": self.views == 1}

    @classmethod
    def from_config(cls, config: dict) -> "Task":
        """Creates the task from `get_config()`."""
        return cls(**keras.saving.deserialize_keras_object(config))
