from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from keras_ssl.checks.arguments import check_choice
from keras_ssl.losses import box_iou, giou, smooth_l1
from keras_ssl.tasks.labelled_task import LabelledTask

# From true and predicted boxes (…, 4) to a loss for each box (…).
BOX_LOSSES = {
    "mse": keras.losses.mean_squared_error,
    "smooth_l1": smooth_l1,
    "giou": lambda boxes, predictions: 1.0 - giou(boxes, predictions),
}
WHOLE_IMAGE = (0.0, 0.0, 1.0, 1.0)
# Tolerance for rounding errors in coordinates.
SLACK = 1e-4


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class BoundingBox(LabelledTask):
    """Predicts the box of the one object of an image.

    Targets are floats of shape `(batch, 4)`: boxes (top, left, bottom, right) in relative coordinates, 0 at the top
    and at the left and 1 at the bottom and at the right, y before x as in `tf.image`. A row with NaN marks an
    image whose box is not known.

    The head, with a hidden layer as wide as the features, predicts center and size, each between 0 and 1 by a
    sigmoid, as in DETR (Carion et al. 2020, https://arxiv.org/abs/2005.12872, section 3.2), so every prediction is a
    box. Logged beside the loss: `iou`, the intersection of both boxes over their union (`keras_ssl.losses.box_iou`).

    The task takes the images as they are, because the boxes would not fit random views.

    Args:
        loss: String. `"giou"`, 1 − `keras_ssl.losses.giou`; `"mse"`, the squared error of the four numbers; or
            `"smooth_l1"`, `keras_ssl.losses.smooth_l1`. Defaults to `"giou"`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If there is no loss of that name, or if `augmented=True`.

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
    against_augmented = "A random view crops and flips the image, but not its boxes"
    recorded_numbers = 3

    def __init__(self, loss: str = "giou", **kwargs):
        super().__init__(**kwargs)
        check_choice("loss", loss, BOX_LOSSES)
        self.loss = loss

    def build_head(self, encoder: keras.Model) -> None:
        """Builds two layers from features to center and size."""
        features = encoder.output_shape[-1]
        self.head = keras.Sequential(
            [
                keras.Input((features,)),
                keras.layers.Dense(features, activation="relu", name="hidden"),
                keras.layers.Dense(4, activation="sigmoid", dtype="float32", name="center_and_size"),
            ],
            name="box_head",
        )

    def target_shape(self, image_shape: Sequence[int]) -> tuple[int]:
        """Four numbers."""
        return (4,)

    def labelled(self, target: tf.Tensor) -> tf.Tensor:
        """Where none of the four numbers is NaN."""
        return ~tf.reduce_any(tf.math.is_nan(tf.cast(target, tf.float32)), axis=-1)

    def value_range(self, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The smallest and the largest coordinate, and the smallest height or width."""
        boxes = self._known(target)
        return tf.reduce_min(boxes), tf.reduce_max(boxes), tf.reduce_min(boxes[:, 2:] - boxes[:, :2])

    def check_values(self, name: str, lowest: float, highest: float, smallest_side: float) -> None:
        """Raises a ValueError unless the boxes are inside the image and have an area."""
        order = "Boxes are (top, left, bottom, right), each a share of the image's height or width"
        if lowest < -SLACK or highest > 1 + SLACK:
            raise ValueError(
                f"The task {name!r} was given a box outside the image. {order}, in [0, 1]; NaN means "
                f"that the box is not known. Received: coordinates from {lowest:.4g} to {highest:.4g}"
            )
        if smallest_side <= 0:
            raise ValueError(
                f"The task {name!r} was given a box without an area. {order}: the bottom comes after the top and the "
                f"right after the left. Received: a smallest height or width of {smallest_side:.4g}"
            )

    def outputs(self, encoder: Callable, images: tf.Tensor, training: bool) -> tf.Tensor:
        """Boxes of shape `(batch, 4)`."""
        center, size = tf.split(self.head(encoder(images, training=training)), 2, axis=-1)
        return tf.concat([center - size / 2, center + size / 2], axis=-1)

    def compare(self, outputs: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss of each box, and its intersection over union with the true one."""
        boxes = self._known(target)
        return BOX_LOSSES[self.loss](boxes, outputs), {"iou": box_iou(boxes, outputs)}

    def _known(self, target):
        """The boxes, with the whole image in place of unknown ones."""
        return tf.where(self.labelled(target)[:, tf.newaxis], tf.cast(target, tf.float32), WHOLE_IMAGE)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "loss": self.loss}
