import tensorflow as tf

from keras_ssl.checks.arguments import is_count
from keras_ssl.tasks.labelled_task import LabelledTask


class ClassLabels(LabelledTask):
    """What the tasks share whose target is the number of a class, of an image or of each of its pixels.

    Args:
        classes: int of at least 2, how many there are.
        augmented: as for `LabelledTask`.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: for another number of classes.
    """

    logged = ("accuracy",)
    #: The numbers that stand for no class, in words.
    unknown = "-1 is for images without a label"

    def __init__(self, classes, *, augmented=False, **kwargs):
        super().__init__(augmented=augmented, **kwargs)
        if not is_count(classes) or classes < 2:
            raise ValueError(f"classes is their number, an int of at least 2. Received: classes={classes!r}")
        self.classes = int(classes)

    def labelled(self, target):
        """Where the number is not negative."""
        return tf.cast(target, tf.int32) >= 0

    def value_range(self, target):
        """The lowest number, and the highest of those that stand for a class."""
        target = tf.cast(target, tf.int32)
        return tf.reduce_min(target), tf.reduce_max(tf.where(self.labelled(target), target, -1))

    def check_values(self, name, lowest, highest):
        """Numbers of classes, or what stands for none."""
        if lowest < -1 or highest >= self.classes:
            raise ValueError(
                f"The task {name!r} tells {self.classes} classes apart, 0 to {self.classes - 1}; {self.unknown}. "
                f"Received: labels from {lowest:.0f} to {highest:.0f}"
            )

    def compare(self, outputs, target):
        """Cross-entropy of logits (…, classes), and whether the largest is that of the class."""
        # A label that is none must not break the step: check_values has the words for it.
        label = tf.clip_by_value(tf.cast(target, tf.int32), 0, self.classes - 1)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=outputs)
        hits = tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), label)
        return losses, {"accuracy": tf.cast(hits, tf.float32)}

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "classes": self.classes}
