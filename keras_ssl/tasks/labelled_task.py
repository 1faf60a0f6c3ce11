from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.augment import Draws
from keras_ssl.checks.first_batch import LastBatch
from keras_ssl.losses import labelled_mean
from keras_ssl.tasks.task import Task


class LabelledTask(Task):
    """Base class of tasks whose target comes with the images, and may be missing for some of them.

    A task defines what a target looks like (`target_shape`, `labelled`, `value_range`, `check_values`), the outputs
    of its head (`outputs`), and the loss between them and the target (`compare`). Losses and metrics are means over
    the labels of the global batch, so a few labelled images count as much as many. Without labels they are 0 and
    nothing is learned.

    Args:
        augmented: Boolean. As for `Task`.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    #: How many numbers `value_range` returns.
    recorded_numbers = 2

    def attach(self, encoder: keras.Model) -> None:
        """Builds the head, and the variable that records the values of targets."""
        super().attach(encoder)
        self._recorded = LastBatch(self.recorded_numbers)

    # ------------------------------------------------------------------ what a task defines

    def target_shape(self, image_shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of one image's target.

        Args:
            image_shape: Tuple `(height, width, channels)`.
        """
        raise NotImplementedError

    def labelled(self, target: tf.Tensor) -> tf.Tensor:
        """Where there is a label: a boolean tensor of the shape of the losses that `compare` returns."""
        raise NotImplementedError

    def value_range(self, target: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """The scalars of a batch of targets that `check_values` needs, such as the smallest and the largest value."""
        raise NotImplementedError

    def check_values(self, name: str, *values: float) -> None:
        """Raises a ValueError, with the task's `name` in it, if targets with this `value_range` are not valid."""
        raise NotImplementedError

    def outputs(self, encoder: Callable, images: tf.Tensor, training: bool) -> tf.Tensor:
        """The float32 outputs of the head for images."""
        raise NotImplementedError

    def compare(self, outputs: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss for each label, and each metric likewise; any finite number where there is no label."""
        raise NotImplementedError

    # ------------------------------------------------------------------ what follows from it

    def forward(
        self, encoder: Callable, images: tf.Tensor, target: tf.Tensor, draws: Draws, training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compares the head's outputs with the targets, where there are any."""
        labelled = self.labelled(target)
        losses, metrics = self.compare(self.outputs(encoder, images, training), target)
        return labelled_mean(losses, labelled), {name: labelled_mean(m, labelled) for name, m in metrics.items()}

    def labels_in_batch(self, target: tf.Tensor) -> tf.Tensor:
        """The number of labels in the global batch, a float32 scalar."""
        return distribute.total(tf.reduce_sum(tf.cast(self.labelled(target), tf.float32)))

    def check_target(self, name: str, shape: Sequence, dtype: tf.DType, images_shape: Sequence) -> None:
        """Raises a ValueError unless a batch of targets can belong to a batch of images.

        Args:
            name: String. The task's name, for the messages.
            shape: The shape of the targets.
            dtype: The dtype of the targets.
            images_shape: The shape of the images, `(batch, height, width, channels)`.
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

    def record(self, target: tf.Tensor) -> None:
        """Records the range of the values of a batch inside a compiled step."""
        self._recorded.record(*self.value_range(target))

    def check_recorded(self, name: str) -> None:
        """Raises a ValueError if the last recorded batch held values that cannot be targets."""
        self.check_values(name, *self._recorded.read())
