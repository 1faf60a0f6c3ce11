import keras

from keras_ssl import heads
from keras_ssl.checks.arguments import check_choice
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses.reconstruction import RECONSTRUCTIONS
from keras_ssl.tasks.task import Task


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Reconstruction(Task):
    """Rebuilds the image from its features, as `keras_ssl.Autoencoder` does.

    Args:
        decoder: a built `keras.Model` from features to images of the encoder's shape, with pixels scaled to [0, 1]
            ("mse", "ssim") or their logits ("bce"). By default `heads.mirror(encoder)`.
        reconstruction_loss: "mse", the squared error; "bce", for black and white images; or "ssim", 1 − structural
            similarity. Defaults to "mse".
        augmented: bool, whether it rebuilds a random view of each image instead of the image. Defaults to False.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: for a loss of another name; from `MultiTask`, for a decoder that does not fit.

    Example:

    >>> import keras_ssl
    >>> tasks = {"rebuild": keras_ssl.tasks.Reconstruction("ssim"), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.conv_encoder((32, 32, 3)), tasks)
    """

    def __init__(self, reconstruction_loss="mse", decoder=None, *, augmented=False, **kwargs):
        super().__init__(augmented=augmented, **kwargs)
        check_choice("reconstruction_loss", reconstruction_loss, RECONSTRUCTIONS)
        self.reconstruction_loss = reconstruction_loss
        self.decoder = decoder

    def build_head(self, encoder):
        """The encoder's mirror image, where there is no decoder."""
        self.decoder = self.decoder or heads.mirror(encoder)
        check_decoder(self.decoder, encoder.output_shape[-1], encoder.input_shape[1:])

    def forward(self, encoder, images, target, draws, training):
        """x → E(x) → D(E(x)), and its distance from x."""
        outputs = self.decoder(encoder(images, training=training), training=training)
        return RECONSTRUCTIONS[self.reconstruction_loss].loss(images / 255.0, outputs), {}

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reconstruction_loss": self.reconstruction_loss,
            "decoder": keras.saving.serialize_keras_object(self.decoder),
        }
