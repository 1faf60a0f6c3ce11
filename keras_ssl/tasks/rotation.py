import keras

from keras_ssl.checks.images import check_square
from keras_ssl.losses import positive_accuracy, softmax_cross_entropy
from keras_ssl.pretext import ROTATIONS, all_rotations
from keras_ssl.tasks.task import Task


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Rotation(Task):
    """Says by how many quarter turns an image was rotated, as `keras_ssl.RotationPrediction` does.

    Gidaris et al. 2018 (https://arxiv.org/abs/1803.07728): a linear classifier on the features of every image in its
    four rotations. Logged beside the loss: `accuracy`; chance is 1/4.

    Args:
        augmented: bool, whether it turns a random view of each image instead of the image. Defaults to False.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: from `MultiTask`, for an encoder of images that are not square.

    Example:

    >>> import keras_ssl
    >>> tasks = {"turn": keras_ssl.tasks.Rotation(), "contrast": keras_ssl.tasks.Contrastive()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.small_cnn((32, 32, 3)), tasks)
    """

    logged = ("accuracy",)

    def build_head(self, encoder):
        """A linear map from features to logits."""
        check_square(encoder.input_shape[1:])
        self.head = keras.layers.Dense(ROTATIONS, dtype="float32", name="rotation_head")
        self.head.build(encoder.output_shape)

    def forward(self, encoder, images, target, draws, training):
        """Encodes every image in its four rotations, and classifies them."""
        rotated, labels = all_rotations(images)
        logits = self.head(encoder(rotated, training=training))
        return softmax_cross_entropy(logits, labels), {"accuracy": positive_accuracy(logits, labels)}
