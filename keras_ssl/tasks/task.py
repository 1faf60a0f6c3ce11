import keras


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Task(keras.layers.Layer):
    """One of the things that `keras_ssl.MultiTask` trains an encoder on: a head, a target and a loss.

    A task of your own builds its head in `build_head`, and says in `forward` how images become a loss. It is made
    without an encoder, gets one from `MultiTask`, and belongs to it.

    Args:
        augmented: bool, whether the task looks at a random view of each image, the first of the method's augmenter,
            instead of the images as they are. Defaults to False.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: for `augmented=True` where it makes no sense.

    Example, features that should have unit variance:

    >>> import keras_ssl, keras, tensorflow as tf
    >>> class UnitVariance(keras_ssl.tasks.Task):
    ...     def forward(self, encoder, images, target, draws, training):
    ...         deviation = tf.math.reduce_std(encoder(images, training=training), axis=0)
    ...         return tf.reduce_mean(tf.square(deviation - 1)), {}
    >>> tasks = {"rebuild": keras_ssl.tasks.Reconstruction(), "variance": UnitVariance()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.conv_encoder((32, 32, 3), units=16), tasks)
    """

    #: Names of what `forward` returns beside the loss.
    logged: tuple[str, ...] = ()
    #: The fewest images that the task can learn from.
    minimum_batch = 1
    #: Random views of each image that the task looks at; with 0 it looks at the images as they are.
    views = 0
    #: Why `augmented` makes no sense for the task, in words; empty where it does.
    against_augmented = ""
    #: Whether the task asks for `encoder.feature_map(images, training=…)`.
    reads_feature_map = False
    #: Whether the task gives the encoder whole images; see `keras_ssl.SelfSupervisedModel`.
    encodes_whole_images = True

    def __init__(self, *, augmented=False, **kwargs):
        super().__init__(**kwargs)
        if augmented and self.against_augmented:
            raise ValueError(f"{self.against_augmented}: leave augmented out. Received: augmented={augmented}")
        if augmented:
            self.views = 1

    def attach(self, encoder):
        """Builds the head for the encoder that the task will be trained with.

        Args:
            encoder: a built `keras.Model` from images to features.

        Raises:
            ValueError: when the task has one already, or this one does not suit it.
        """
        if self.built:
            raise ValueError(
                "A task has a head of its own for one encoder and under one name: make another "
                f"{type(self).__name__}(…). Received: {self.name}, which has its head already"
            )
        self.build_head(encoder)
        self.built = True

    def build_head(self, encoder):
        """Makes what stands behind the encoder; a task without weights needs none."""

    def forward(self, encoder, images, target, draws, training):
        """From images to the loss.

        Args:
            encoder: from images to features, called as `encoder(images, training=training)`. Tasks that give it the
                same tensor share one pass.
            images: (batch, height, width, channels) float32, raw pixels; with `views`, that many views of them, view
                after view, (views * batch, height, width, channels).
            target: what fit was given for this task, or None.
            draws: `keras_ssl.augment.Draws`, the task's own random numbers.
            training: bool.

        Returns:
            A tuple of the loss, a scalar float32 that is not negative, and a dict with the scalars named in `logged`.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement forward(encoder, images, target, draws, training)."
        )

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "augmented": self.views == 1}

    @classmethod
    def from_config(cls, config):
        """Makes the task from `get_config()`."""
        return cls(**keras.saving.deserialize_keras_object(config))
