import keras
import numpy as np
import tensorflow as tf

from keras_ssl.augment import Augmenter
from keras_ssl.checks.arguments import check_choice
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses.reconstruction import RECONSTRUCTIONS
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.tasks.reconstruction import reconstruction_error


class ReconstructionMethod(SelfSupervisedModel):
    """Base class of methods that learn a code from which a decoder rebuilds the image.

    Args:
        encoder: As for `SelfSupervisedModel`.
        decoder: A built `keras.Model` from codes `(batch, code_units)` to images of the encoder's shape. Its outputs
            are pixels scaled to [0, 1], or their logits for `"bce"`.
        code_units: Integer. The dimensions of the code.
        augmenter: As for `SelfSupervisedModel`.
        reconstruction_loss: String. `"mse"`, `"bce"` or `"ssim"`. Defaults to `"mse"`.
        seed: Integer. As for `SelfSupervisedModel`.

    Raises:
        ValueError: If the decoder does not fit the code or the images, or there is no loss of that name.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        code_units: int,
        augmenter: Augmenter | None = None,
        *,
        reconstruction_loss: str = "mse",
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        check_choice("reconstruction_loss", reconstruction_loss, RECONSTRUCTIONS)
        check_decoder(decoder, code_units, encoder.input_shape[1:])
        self.decoder = decoder
        self.reconstruction_loss = reconstruction_loss

    def encode(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Codes `(batch, code_units)` of `images`, raw pixels in [0, 255]."""
        return self.encoder(images, training=training)

    def decode(self, codes: tf.Tensor) -> tf.Tensor:
        """Images `(batch, height, width, channels)` of `codes`, raw pixels in [0, 255]."""
        pixels = RECONSTRUCTIONS[self.reconstruction_loss].to_pixels(self.decoder(codes, training=False))
        return 255.0 * tf.clip_by_value(tf.cast(pixels, tf.float32), 0.0, 1.0)

    def reconstruct(self, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
        """Encodes images and rebuilds them from their codes.

        Args:
            images: Array of shape `(n, height, width, channels)`, raw pixels in [0, 255].
            batch_size: Positive integer. Images at a time. Defaults to `256`.

        Returns:
            Float32 array of the same shape, raw pixels in [0, 255].

        Raises:
            ValueError: If the images are not what the encoder expects.
        """
        return self.map_images(lambda batch: self.decode(self.encode(batch)), images, batch_size)

    def reconstruction_error(self, images: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """The reconstruction loss between `images`, raw pixels, and the decoder's `outputs`."""
        return reconstruction_error(self.reconstruction_loss, images, outputs)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "reconstruction_loss": self.reconstruction_loss}
