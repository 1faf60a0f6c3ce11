from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from keras_ssl.backbones.feature_map import last_feature_map
from keras_ssl.tasks.class_labels import ClassLabels

# As in Pascal VOC and Cityscapes, whose masks are uint8 and cannot hold -1.
IGNORED = 255


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Segmentation(ClassLabels):
    """Predicts the class of each pixel.

    Targets are masks, integers of shape `(batch, height, width)`: the number of each pixel's class, -1 or 255 where
    it is not known. An image without a mask has -1 everywhere.

    A 1 × 1 convolution predicts classes from the encoder's last feature map, and bilinear interpolation resizes the
    logits to the size of the image, the simplest of the fully convolutional networks (Long et al. 2015,
    https://arxiv.org/abs/1411.4038, FCN-32s). The loss is the mean cross-entropy of all labelled pixels. Logged
    beside it: `accuracy`, the share of them that is right.

    The task takes the images as they are, because the masks would not fit random views.

    Args:
        classes: Integer from 2 to 255. The number of classes.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If `classes` is not from 2 to 255, or if `augmented=True`. If the encoder has no feature map,
            raised when the task gets its encoder.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> masks = images.mean(axis=-1) > 128
    >>> tasks = {"contrast": keras_ssl.tasks.Contrastive(), "bright": keras_ssl.tasks.Segmentation(2)}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.small_cnn((32, 32, 3)), tasks)
    >>> model.compile("adam")
    >>> history = model.fit(images, {"bright": masks.astype("uint8")}, batch_size=32, verbose=0)
    >>> model.predict_task("bright", images).shape
    (64, 32, 32, 2)
    """

    unknown = f"-1 and {IGNORED} are for pixels without a label"
    against_augmented = "A random view crops and flips the image, but not its masks"
    reads_feature_map = True

    def __init__(self, classes: int, **kwargs):
        super().__init__(classes, **kwargs)
        if classes > IGNORED:
            raise ValueError(
                f"The number {IGNORED} marks pixels without a class, so there are at most {IGNORED} classes. "
                f"Received: classes={classes}"
            )

    def build_head(self, encoder: keras.Model) -> None:
        """Builds a linear map from each place of the feature map to logits."""
        feature_map = last_feature_map(encoder, "Segmentation predicts classes from")
        self.head = keras.layers.Conv2D(self.classes, 1, dtype="float32", name="logits")
        self.head.build(feature_map.shape)

    def target_shape(self, image_shape: Sequence[int]) -> tuple[int, int]:
        """A number for each pixel."""
        return tuple(image_shape[:2])

    def labelled(self, target: tf.Tensor) -> tf.Tensor:
        """Where the pixel has a class."""
        return super().labelled(target) & (tf.cast(target, tf.int32) != IGNORED)

    def outputs(self, encoder: Callable, images: tf.Tensor, training: bool) -> tf.Tensor:
        """Logits of shape `(batch, height, width, classes)`."""
        logits = self.head(encoder.feature_map(images, training=training))
        return tf.image.resize(logits, tf.shape(images)[1:3])
