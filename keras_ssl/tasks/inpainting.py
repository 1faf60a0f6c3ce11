import keras

from keras_ssl import heads
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses import masked_pixel_error
from keras_ssl.pretext import blank, block_mask, block_size
from keras_ssl.tasks.task import Task


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Inpainting(Task):
    """Fills in a block that was cut out of the image, as `keras_ssl.Inpainting` does.

    Pathak et al. 2016 (https://arxiv.org/abs/1604.07379): the encoder sees the image with a block in mid-gray, and a
    decoder rebuilds the block from the features. The loss is `keras_ssl.losses.masked_pixel_error`.

    Args:
        decoder: a built `keras.Model` from features to images of the encoder's shape, pixels scaled to [0, 1]. By
            default `heads.mirror(encoder)`.
        block_share: float in (0, 1), the block's share of the image's height and of its width. Defaults to 0.5, a
            quarter of the area, as in the paper.
        central: bool, whether the block is in the middle instead of anywhere. Defaults to False.
        augmented: bool, whether it looks at a random view of each image instead of the image. Defaults to False.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: from `MultiTask`, for an encoder that has no mirror where no decoder is given, a decoder that does
            not fit, or a block that leaves nothing inside or outside.

    Example:

    >>> import keras_ssl
    >>> tasks = {"fill": keras_ssl.tasks.Inpainting(), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.conv_encoder((32, 32, 3)), tasks)
    """

    def __init__(self, decoder=None, *, block_share=0.5, central=False, augmented=False, **kwargs):
        super().__init__(augmented=augmented, **kwargs)
        self.decoder = decoder
        self.block_share = float(block_share)
        self.central = bool(central)

    def build_head(self, encoder):
        """The encoder's mirror image, where there is no decoder."""
        image_shape = encoder.input_shape[1:]
        self.block_size = block_size(image_shape, self.block_share)
        self.decoder = self.decoder or heads.mirror(encoder)
        check_decoder(self.decoder, encoder.output_shape[-1], image_shape)

    def forward(self, encoder, images, target, draws, training):
        """Compares the pixels of the block with what is rebuilt of them from the others."""
        mask = block_mask(images, self.block_size, None if self.central else draws)
        outputs = self.decoder(encoder(blank(images, mask), training=training), training=training)
        return masked_pixel_error(outputs, images / 255.0, mask), {}

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "block_share": self.block_share,
            "central": self.central,
        }
