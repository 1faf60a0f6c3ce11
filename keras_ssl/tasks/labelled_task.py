import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.checks.first_batch import LastBatch
from keras_ssl.losses import labelled_mean
from keras_ssl.tasks.task import Task


class LabelledTask(Task):
    """What the tasks share whose target comes with the images, and may be missing for some of them.

    A task says what a target looks like (`target_shape`, `labelled`, `value_range`, `check_values`), what its head
    makes of images (`outputs`), and how far this is from the target (`compare`). Losses and metrics are means over
    what is labelled in the global batch, so that few labelled images count as much as many would; where nothing is,
    they are 0 and nothing is learned.

    Args:
        augmented: as for `Task`.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    #: How many numbers `value_range` gives.
    recorded_numbers = 2

    def attach(self, encoder):
        """Builds the head, and the place for what is noted of targets."""
        super().attach(encoder)
        self._recorded = LastBatch(self.recorded_numbers)

    # ------------------------------------------------------------------ what a task says

    def target_shape(self, image_shape):
        """The shape of one image's target.

        Args:
            image_shape: (height, width, channels).

        Returns:
            A tuple.
        """
        raise NotImplementedError

    def labelled(self, target):
        """Where there is a label: boolean tensor of the shape of what `compare` gives."""
        raise NotImplementedError

    def value_range(self, target):
        """The scalars of a batch of targets by which `check_values` tells whether they can be targets."""
        raise NotImplementedError

    def check_values(self, name, *noted):
        """Raises a ValueError, with the task's `name` in it, unless `noted`, floats, are of possible targets."""
        raise NotImplementedError

    def outputs(self, encoder, images, training):
        """What the head makes of images, float32."""
        raise NotImplementedError

    def compare(self, outputs, target):
        """The loss for each label, and what is logged, likewise by name; anything finite where none is."""
        raise NotImplementedError

    # ------------------------------------------------------------------ what follows from it

    def forward(self, encoder, images, target, draws, training):
        """Compares the head's outputs with the targets, where there are any."""
        labelled = self.labelled(target)
        losses, metrics = self.compare(self.outputs(encoder, images, training), target)
        return labelled_mean(losses, labelled), {name: labelled_mean(m, labelled) for name, m in metrics.items()}

    def labels_in_batch(self, target):
        """How many labels there are in the global batch, a scalar float32."""
        return distribute.total(tf.reduce_sum(tf.cast(self.labelled(target), tf.float32)))

    def check_target(self, name, shape, dtype, images_shape):
        """Raises a ValueError unless a batch of targets can belong to a batch of images.

        Args:
            name: str, the task's name for the messages.
            shape: the targets'.
            dtype: the targets'.
            images_shape: of the images, (batch, height, width, channels).
        """
        shape, images_shape = tf.TensorShape(shape), tf.TensorShape(images_shape)
        expected = tf.TensorShape((images_shape[0], *self.target_shape(images_shape[1:])))
        received = f"Received: targets of shape {shape} and dtype {dtype} for images of shape {images_shape}"
        if not (dtype.is_floating or dtype.is_integer):
            raise ValueError(f"The task {name!r}, {type(self).__name__}, learns from numbers. {received}")
        if not shape.is_compatible_with(expected):
            raise ValueError(
                f"The task {name!r}, {type(self).__name__}, learns from targets of shape {expected}, one for each "
                f"image. {received}"
            )

    def record(self, target):
        """Takes down the range of the values of a batch inside a compiled step."""
        self._recorded.record(*self.value_range(target))

    def check_recorded(self, name):
        """Raises a ValueError when the batch last noted held what cannot be a target."""
        self.check_values(name, *self._recorded.read())
