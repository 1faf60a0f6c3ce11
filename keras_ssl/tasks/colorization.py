import keras
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.checks.images import check_rgb
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses import squared_error
from keras_ssl.pretext import chroma, to_gray
from keras_ssl.tasks.task import Task

CHROMA_CHANNELS = 2


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Colorization(Task):
    """Says what colors a gray image had, as `keras_ssl.Colorization` does.

    Zhang et al. 2016 (https://arxiv.org/abs/1603.08511): the encoder sees the luma, and a decoder predicts the chroma
    from the features; the loss is the squared error. Logged beside it: `gray_error`, the error of an image without
    any color.

    Args:
        decoder: a built `keras.Model` from features to (batch, height, width, 2). By default
            `heads.mirror(encoder, channels=2)`.
        augmented: bool, whether it looks at a random view of each image instead of the image. Defaults to False:
            views of the kind that contrastive methods have lose their true colors.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: from `MultiTask`, for an encoder of images that are not RGB, or that has no mirror where no
            decoder is given, or a decoder that does not fit.

    Example:

    >>> import keras_ssl
    >>> tasks = {"color": keras_ssl.tasks.Colorization(), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.conv_encoder((32, 32, 3)), tasks)
    """

    logged = ("gray_error",)

    def __init__(self, decoder=None, *, augmented=False, **kwargs):
        super().__init__(augmented=augmented, **kwargs)
        self.decoder = decoder

    def build_head(self, encoder):
        """The encoder's mirror image with two channels, where there is no decoder."""
        image_shape = encoder.input_shape[1:]
        check_rgb(image_shape)
        self.decoder = self.decoder or heads.mirror(encoder, channels=CHROMA_CHANNELS)
        check_decoder(self.decoder, encoder.output_shape[-1], (*image_shape[:2], CHROMA_CHANNELS))

    def forward(self, encoder, images, target, draws, training):
        """Compares the chroma with what is predicted of it from the luma."""
        colors = chroma(images)
        predicted = self.decoder(encoder(to_gray(images), training=training), training=training)
        return squared_error(colors, predicted), {"gray_error": squared_error(colors, tf.zeros_like(colors))}

    def get_config(self):
        """The constructor's arguments."""
        return {**super().get_config(), "decoder": keras.saving.serialize_keras_object(self.decoder)}
