import tensorflow as tf

from keras_ssl.checks.arguments import is_count
from keras_ssl.tasks.labelled_task import LabelledTask


class ClassLabels(LabelledTask):
    """Base class of tasks whose target is a class number, of the image or of each of its pixels.

    Args:
        classes: Integer of at least 2. The number of classes.
        augmented: Boolean. As for `LabelledTask`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If `classes` is less than 2.
    """

    logged = ("accuracy",)
    #: Which numbers mean that there is no class, for messages.
    unknown = "-1 is for images without a label"

    def __init__(self, classes: int, *, augmented: bool = False, **kwargs):
        super().__init__(augmented=augmented, **kwargs)
        if not is_count(classes) or classes < 2:
            raise ValueError(f"classes is the number of classes, an int of at least 2. Received: classes={classes!r}")
        self.classes = int(classes)

    def labelled(self, target: tf.Tensor) -> tf.Tensor:
        """Where the number is not negative."""
        return tf.cast(target, tf.int32) >= 0

    def value_range(self, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The smallest number, and the largest class."""
        target = tf.cast(target, tf.int32)
        return tf.reduce_min(target), tf.reduce_max(tf.where(self.labelled(target), target, -1))

    def check_values(self, name: str, lowest: float, highest: float) -> None:
        """Raises a ValueError unless all numbers are classes or mean that there is none."""
        if lowest < -1 or highest >= self.classes:
            raise ValueError(
                f"The task {name!r} tells {self.classes} classes apart, 0 to {self.classes - 1}; {self.unknown}. "
                f"Received: labels from {lowest:.0f} to {highest:.0f}"
            )

    def compare(self, outputs: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Cross-entropy of logits `(…, classes)`, and whether the largest is that of the class."""
        # Labels outside the classes must not break the step: check_values raises the error about them.
        label = tf.clip_by_value(tf.cast(target, tf.int32), 0, self.classes - 1)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=outputs)
        hits = tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), label)
        return losses, {"accuracy": tf.cast(hits, tf.float32)}

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "classes": self.classes}
