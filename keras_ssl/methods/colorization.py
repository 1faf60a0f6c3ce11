import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.checks.images import check_rgb
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses import squared_error
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.pretext import chroma, colorize, to_gray


@keras.saving.register_keras_serializable("keras_ssl")
class Colorization(SelfSupervisedModel):
    """Says which colors a gray image has, which takes knowing what is in it: the sky is blue, grass is green.

    Zhang et al. 2016, "Colorful Image Colorization" (https://arxiv.org/abs/1603.08511), section 2.1: the encoder E
    sees the luma y of an image, and a decoder D predicts its two chroma channels u from the features (equation 1):

        L = E ‖ u(x) − D(E(y(x))) ‖²

    The paper goes on from there: this error is smallest at the mean of all colors that a thing may have, which is
    close to gray, and so it classifies each pixel into 313 bins of color, the rare ones with more weight. That gives
    brighter pictures; what it takes to say anything of a color is the same, and this is one line. The space is Y, Cb
    and Cr in place of CIE Lab, which differ little for this purpose and are a linear map of the pixels; and the
    decoder starts from the encoder's features, not from its feature map.

    The encoder gets the luma in all three channels, so afterwards it takes color images as ever. It has never seen
    a color: features of images in gray are closer to what it was trained on.

    Logged beside the loss: `gray_error`, what the loss would be for images left in gray.

    Args:
        encoder: a built `keras.Model` from RGB images (batch, height, width, 3), raw pixels in [0, 255], to features
            (batch, features).
        decoder: a `keras.Model` from features to chroma (batch, height, width, 2), in [-1, 1], float32. By default
            `heads.mirror(encoder, channels=2)`.
        augmenter: a `keras_ssl.augment.Augmenter` that leaves colors as they are, such as `augment.crops`. By
            default the images are taken as they are.
        seed: int. With the step it determines every random draw of the training.

    Raises:
        ValueError: for an encoder of images that are not RGB, or a decoder that does not fit.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (64, 32, 32, 3), dtype="uint8")
    >>> model = keras_ssl.Colorization(keras_ssl.backbones.small_cnn((32, 32, 3)))
    >>> model.compile("adam")
    >>> history = model.fit(images, batch_size=32, verbose=0)
    >>> model.reconstruct(images).shape
    (64, 32, 32, 3)
    """

    logged = ("gray_error",)

    def __init__(self, encoder, decoder=None, augmenter=None, *, seed=0, **kwargs):
        super().__init__(encoder, augmenter, seed=seed, **kwargs)
        check_rgb(encoder.input_shape[1:])
        self.decoder = decoder or heads.mirror(encoder, channels=2)
        check_decoder(self.decoder, encoder.output_shape[-1], (*encoder.input_shape[1:3], 2))

    def train_step(self, data):
        """Section 2.1 of the paper."""
        views = self.augment(self.images(data))
        with tf.GradientTape() as tape:
            loss, logs = self.forward(views, training=True)
        self.minimize(loss, tape)
        return self.report(loss, logs)

    def forward(self, views, training):
        """Compares the chroma with what is predicted of it from the luma."""
        colors = chroma(views)
        predicted = self.predict_chroma(to_gray(views), training)
        return squared_error(colors, predicted), {"gray_error": squared_error(colors, tf.zeros_like(colors))}

    def predict_chroma(self, gray, training=False):
        """The colors, (batch, height, width, 2), that gray images (batch, height, width, 3) should have."""
        return self.decoder(self.encoder(gray, training=training), training=training)

    def reconstruct(self, images, batch_size=256):
        """Images in the colors that the model gives them.

        Args:
            images: array (n, height, width, 3), uint8 or float, raw pixels in [0, 255]; their own colors are not
                looked at.
            batch_size: positive int, images at a time.

        Returns:
            Float32 array of the same shape, raw pixels in [0, 255].

        Raises:
            ValueError: for images that are not of the encoder's shape, or none.
        """
        return self.map_images(lambda batch: colorize(batch, self.predict_chroma(to_gray(batch))), images, batch_size)

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "decoder": keras.saving.serialize_keras_object(self.decoder)}
