import tensorflow as tf

from keras_ssl.checks.arguments import check_choice
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses.reconstruction import RECONSTRUCTIONS
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.tasks.reconstruction import reconstruction_error


class ReconstructionMethod(SelfSupervisedModel):
    """What the methods share that learn a code from which a decoder rebuilds the image.

    Args:
        encoder: as for `SelfSupervisedModel`.
        decoder: a built `keras.Model` from codes (batch, code_units) to images as large as the encoder's. Its outputs
            are pixels scaled to [0, 1], or for "bce" their logits.
        code_units: int, the dimensions of the code.
        augmenter: as for `SelfSupervisedModel`.
        reconstruction_loss: "mse", "bce" or "ssim", of `keras_ssl.losses`.
        seed: int.

    Raises:
        ValueError: for a decoder that does not fit the code or the images, or a loss of another name.
    """

    def __init__(self, encoder, decoder, code_units, augmenter=None, *, reconstruction_loss="mse", seed=0, **kwargs):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        check_choice("reconstruction_loss", reconstruction_loss, RECONSTRUCTIONS)
        check_decoder(decoder, code_units, encoder.input_shape[1:])
        self.decoder = decoder
        self.reconstruction_loss = reconstruction_loss

    def encode(self, images, training=False):
        """Codes (batch, code_units) of `images`, raw pixels in [0, 255]: what the decoder takes."""
        return self.encoder(images, training=training)

    def decode(self, codes):
        """Images (batch, height, width, channels) of `codes`, raw pixels in [0, 255]."""
        pixels = RECONSTRUCTIONS[self.reconstruction_loss].to_pixels(self.decoder(codes, training=False))
        return 255.0 * tf.clip_by_value(tf.cast(pixels, tf.float32), 0.0, 1.0)

    def reconstruct(self, images, batch_size=256):
        """What is left of images that went through the code.

        Args:
            images: array (n, height, width, channels), raw pixels in [0, 255].
            batch_size: positive int, images at a time.

        Returns:
            Float32 array of the same shape, raw pixels in [0, 255].

        Raises:
            ValueError: for images that are not what the encoder expects.
        """
        return self.map_images(lambda batch: self.decode(self.encode(batch)), images, batch_size)

    def reconstruction_error(self, images, outputs):
        """The reconstruction loss between `images`, raw pixels, and the decoder's `outputs`."""
        return reconstruction_error(self.reconstruction_loss, images, outputs)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "reconstruction_loss": self.reconstruction_loss}
