import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses import masked_pixel_error
from keras_ssl.methods.masked_image_method import MaskedImageMethod
from keras_ssl.pretext import blank, block_mask, block_size


@keras.saving.register_keras_serializable("keras_ssl")
class Inpainting(MaskedImageMethod):
    """Fills in a block that was cut out of the image, which takes knowing what the rest of it shows.

    Pathak et al. 2016, "Context Encoders: Feature Learning by Inpainting" (https://arxiv.org/abs/1604.07379),
    section 3: the encoder E sees the image x with a block M in one color, and a decoder D rebuilds the image from
    the features; what counts is the block (equation 1):

        L = 1/|M| ‖ M ⊙ ( x − D(E((1 − M) ⊙ x)) ) ‖₁

    The paper squares the error, and found no difference to this one (section 3.2). It adds the loss of a
    discriminator, which makes the block sharper and is left out here, as in the training of the paper's own features
    (section 5.2): the block is then as blurred as it is uncertain what stands there. Blocks lie anywhere, because the
    border of one that is always in the middle would be learned by heart (section 3.3, which has several, of any
    shape). They are mid-gray, where the paper has the mean color.

    Args:
        encoder: a built `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            features (batch, features).
        decoder: a `keras.Model` from features to images of the same shape, pixels scaled to [0, 1], float32. By
            default `heads.mirror(encoder)`.
        augmenter: a `keras_ssl.augment.Augmenter`. By default the images are taken as they are.
        block_share: float in (0, 1), the block's share of the image's height and of its width. Defaults to 0.5, a
            quarter of the area, as in the paper.
        central: bool, whether the block is in the middle instead of anywhere. Defaults to False.
        seed: int. With the step it determines every random draw of the training.

    Raises:
        ValueError: for an encoder that has no mirror where no decoder is given, a decoder that does not fit, or a
            block that leaves nothing inside or outside.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.Inpainting(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.reconstruct(images).shape
    (64, 32, 32, 3)
    """

    def __init__(self, encoder, decoder=None, augmenter=None, *, block_share=0.5, central=False, seed=0, **kwargs):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        image_shape = encoder.input_shape[1:]
        self.block_share = float(block_share)
        self.block_size = block_size(image_shape, self.block_share)
        self.central = bool(central)
        self.decoder = decoder or heads.mirror(encoder)
        check_decoder(self.decoder, encoder.output_shape[-1], image_shape)

    def train_step(self, data):
        """Section 3 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views, training):
        """Compares the pixels of the block with what is rebuilt of them from the others."""
        mask = self._mask(views, self.draws(training=training))
        rebuilt = self._rebuild(blank(views, mask), training)
        return masked_pixel_error(rebuilt, views / 255.0, mask), {}

    def fill_in(self, pixels, draws, predict):
        """Blanks a block, and rebuilds it."""
        mask = self._mask(pixels, draws)
        masked = blank(pixels, mask)
        return tf.where(mask, 255.0 * self._rebuild(masked, False), pixels) if predict else masked

    def _mask(self, pixels, draws):
        """(batch, height, width, 1), True in a block of each image."""
        return block_mask(pixels, self.block_size, None if self.central else draws)

    def _rebuild(self, pixels, training):
        """The decoder's image, (batch, height, width, channels), in [0, 1]."""
        return self.decoder(self.encoder(pixels, training=training), training=training)

    def get_config(self):
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "block_share": self.block_share,
            "central": self.central,
        }
