from collections.abc import Callable

import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Draws
from keras_ssl.checks.arguments import check_choice
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses.reconstruction import RECONSTRUCTIONS
from keras_ssl.tasks.task import Task


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Reconstruction(Task):
    """Rebuilds the image from its features: the task of `keras_ssl.Autoencoder`.

    Args:
        reconstruction_loss: String. `"mse"`, the squared error; `"bce"`, for black and white images; or `"ssim"`, 1 −
            structural similarity. Defaults to `"mse"`.
        decoder: A built `keras.Model` from features to images of the encoder's shape, with pixels scaled to [0, 1]
            (`"mse"`, `"ssim"`) or their logits (`"bce"`). Defaults to `heads.mirror(encoder)`.
        augmented: Boolean. Whether to rebuild a random view of each image instead of the image. Defaults to `False`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If there is no loss of that name. If the decoder does not fit, or none is given and the encoder
            has no mirror, raised when the task gets its encoder.

    Example:

    >>> import keras_ssl
    >>> tasks = {"rebuild": keras_ssl.tasks.Reconstruction("ssim"), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.conv_encoder((32, 32, 3)), tasks)
    """

    def __init__(
        self,
        reconstruction_loss: str = "mse",
        decoder: keras.Model | None = None,
        *,
        augmented: bool = False,
        **kwargs,
    ):
        super().__init__(augmented=augmented, **kwargs)
        check_choice("reconstruction_loss", reconstruction_loss, RECONSTRUCTIONS)
        self.reconstruction_loss = reconstruction_loss
        self.decoder = decoder

    def build_head(self, encoder: keras.Model) -> None:
        """Builds the encoder's mirror image, unless there is a decoder."""
        self.decoder = self.decoder or heads.mirror(encoder)
        check_decoder(self.decoder, encoder.output_shape[-1], encoder.input_shape[1:])

    def forward(
        self, encoder: Callable, images: tf.Tensor, target: None, draws: Draws, training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Encodes x to E(x), decodes it to D(E(x)), and compares that with x."""
        outputs = self.decoder(encoder(images, training=training), training=training)
        return reconstruction_error(self.reconstruction_loss, images, outputs), {}

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reconstruction_loss": self.reconstruction_loss,
            "decoder": keras.saving.serialize_keras_object(self.decoder),
        }


def reconstruction_error(reconstruction_loss: str, images: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """The loss `"mse"`, `"bce"` or `"ssim"` between images, raw pixels in [0, 255], and a decoder's outputs."""
    return RECONSTRUCTIONS[reconstruction_loss].loss(images / 255.0, outputs)
