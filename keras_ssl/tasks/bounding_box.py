import keras
import tensorflow as tf

from keras_ssl.checks.arguments import check_choice
from keras_ssl.losses import box_iou, giou, smooth_l1
from keras_ssl.tasks.labelled_task import LabelledTask

# Each from true and predicted boxes (…, 4) to one loss a box (…).
BOX_LOSSES = {
    "mse": keras.losses.mean_squared_error,
    "smooth_l1": smooth_l1,
    "giou": lambda boxes, predictions: 1.0 - giou(boxes, predictions),
}
WHOLE_IMAGE = (0.0, 0.0, 1.0, 1.0)
# What relative coordinates may be off by rounding.
SLACK = 1e-4


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class BoundingBox(LabelledTask):
    """Says where the one object of an image is.

    A target is a box (top, left, bottom, right) in relative coordinates, 0 at the top and at the left and 1 at the
    bottom and at the right, y before x as in `tf.image`: (batch, 4) floats. A row with NaN in it stands for an image
    whose box is not known.

    The head, with a hidden layer as wide as the features, predicts center and size, each between 0 and 1 by a
    sigmoid, as DETR's does (Carion et al. 2020, https://arxiv.org/abs/2005.12872, section 3.2), so that every
    prediction is a box. Logged beside the loss: `iou`, the shared part of both boxes (`keras_ssl.losses.box_iou`).

    It looks at the images as they are, because a random view would leave the boxes behind.

    Args:
        loss: "giou", 1 − `keras_ssl.losses.giou`; "mse", the squared error of the four numbers; or "smooth_l1",
            `keras_ssl.losses.smooth_l1`. Defaults to "giou".
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: for a loss of another name, or `augmented=True`.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> boxes = np.tile([0.25, 0.25, 0.75, 0.75], (64, 1))
    >>> boxes[8:] = np.nan  # not known
    >>> tasks = {"rebuild": keras_ssl.tasks.Reconstruction(), "box": keras_ssl.tasks.BoundingBox()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.conv_encoder((32, 32, 3)), tasks)
    >>> model.compile("adam")
    >>> history = model.fit(images, {"box": boxes}, batch_size=32, verbose=0)
    >>> model.predict_task("box", images).shape
    (64, 4)
    """

    logged = ("iou",)
    against_augmented = "A random view crops and flips the image, and would leave the boxes behind"
    recorded_numbers = 3

    def __init__(self, loss="giou", **kwargs):
        super().__init__(**kwargs)
        check_choice("loss", loss, BOX_LOSSES)
        self.loss = loss

    def build_head(self, encoder):
        """From features to center and size."""
        features = encoder.output_shape[-1]
        self.head = keras.Sequential(
            [
                keras.Input((features,)),
                keras.layers.Dense(features, activation="relu", name="hidden"),
                keras.layers.Dense(4, activation="sigmoid", dtype="float32", name="center_and_size"),
            ],
            name="box_head",
        )

    def target_shape(self, image_shape):
        """Four numbers."""
        return (4,)

    def labelled(self, target):
        """Where no number of the four is NaN."""
        return ~tf.reduce_any(tf.math.is_nan(tf.cast(target, tf.float32)), axis=-1)

    def value_range(self, target):
        """The lowest and the highest coordinate, and the smallest height or width."""
        boxes = self._known(target)
        return tf.reduce_min(boxes), tf.reduce_max(boxes), tf.reduce_min(boxes[:, 2:] - boxes[:, :2])

    def check_values(self, name, lowest, highest, smallest_side):
        """Boxes inside the image, with an area."""
        order = "Boxes are (top, left, bottom, right), each a share of the image's height or width"
        if lowest < -SLACK or highest > 1 + SLACK:
            raise ValueError(
                f"The task {name!r} was given a box outside the image. {order}, in [0, 1]; NaN is for images without "
                f"a box. Received: coordinates from {lowest:.4g} to {highest:.4g}"
            )
        if smallest_side <= 0:
            raise ValueError(
                f"The task {name!r} was given a box without an area. {order}: the bottom comes after the top and the "
                f"right after the left. Received: a smallest height or width of {smallest_side:.4g}"
            )

    def outputs(self, encoder, images, training):
        """Boxes, (batch, 4)."""
        center, size = tf.split(self.head(encoder(images, training=training)), 2, axis=-1)
        return tf.concat([center - size / 2, center + size / 2], axis=-1)

    def compare(self, outputs, target):
        """The loss of each box, and how much of it and of the true one is shared."""
        boxes = self._known(target)
        return BOX_LOSSES[self.loss](boxes, outputs), {"iou": box_iou(boxes, outputs)}

    def _known(self, target):
        """The boxes, and in the place of unknown ones the whole image."""
        return tf.where(self.labelled(target)[:, tf.newaxis], tf.cast(target, tf.float32), WHOLE_IMAGE)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "loss": self.loss}
