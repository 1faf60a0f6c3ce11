from collections.abc import Callable

import keras
import numpy.typing as npt
import tensorflow as tf

from keras_ssl.augment import Draws
from keras_ssl.checks.images import check_square
from keras_ssl.losses import positive_accuracy, softmax_cross_entropy
from keras_ssl.tasks.task import Task

#: Rotations by 0, 90, 180 and 270 degrees.
ROTATIONS = 4


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Rotation(Task):
    """Predicts by how many quarter turns an image was rotated: the task of `keras_ssl.RotationPrediction`.

    Gidaris et al. 2018 (https://arxiv.org/abs/1803.07728): a linear classifier on the features of every image in its
    four rotations (`all_rotations`), with the cross-entropy as the loss. Logged beside the loss: `accuracy`; chance
    is 1/4.

    Args:
        augmented: Boolean. Whether to rotate a random view of each image instead of the image. Defaults to `False`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If the encoder takes images that are not square. Raised when the task gets its encoder.

    Example:

    >>> import keras_ssl
    >>> tasks = {"turn": keras_ssl.tasks.Rotation(), "contrast": keras_ssl.tasks.Contrastive()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.small_cnn((32, 32, 3)), tasks)
    """

    logged = ("accuracy",)

    def build_head(self, encoder: keras.Model) -> None:
        """Builds a linear map from features to logits."""
        check_square(encoder.input_shape[1:])
        self.head = keras.layers.Dense(ROTATIONS, dtype="float32", name="rotation_head")
        self.head.build(encoder.output_shape)

    def forward(
        self, encoder: Callable, images: tf.Tensor, target: None, draws: Draws, training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes every image in its four rotations, and classifies them."""
        rotated, labels = all_rotations(images)
        logits = self.head(encoder(rotated, training=training))
        return softmax_cross_entropy(logits, labels), {"accuracy": positive_accuracy(logits, labels)}


def all_rotations(images: npt.ArrayLike) -> tuple[tf.Tensor, tf.Tensor]:
    """Every image in its four right-angle rotations, with the labels.

    Transposes and flips make them exact. A rotation by any other angle would interpolate, and the traces of the
    interpolation would reveal it (Gidaris et al. 2018, "Unsupervised Representation Learning by Predicting Image
    Rotations", https://arxiv.org/abs/1803.07728, section 2.2).

    Args:
        images: Tensor of shape `(batch, side, side, channels)`.

    Returns:
        A tuple of the rotated images, a tensor of shape `(4 * batch, side, side, channels)`, rotation after rotation,
        and their labels, an int32 tensor of shape `(4 * batch,)`: the number of counterclockwise quarter turns.

    Raises:
        ValueError: If the images are not square.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (8, 32, 32, 3), dtype="uint8")
    >>> rotated, labels = keras_ssl.tasks.all_rotations(images)
    >>> rotated.shape, labels.shape
    (TensorShape([32, 32, 32, 3]), TensorShape([32]))
    """
    images = tf.convert_to_tensor(images)
    check_square(images.shape[1:])
    transposed = tf.transpose(images, (0, 2, 1, 3))
    rotated = (images, tf.reverse(transposed, (1,)), tf.reverse(images, (1, 2)), tf.reverse(transposed, (2,)))
    return tf.concat(rotated, axis=0), tf.repeat(tf.range(ROTATIONS), tf.shape(images)[0])
