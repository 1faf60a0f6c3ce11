from collections.abc import Callable

import keras
import numpy.typing as npt
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Draws
from keras_ssl.augment.jitter_colors import LUMA
from keras_ssl.checks.images import check_rgb
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses import squared_error
from keras_ssl.tasks.task import Task

CHROMA_CHANNELS = 2
RED, GREEN, BLUE = LUMA
# ITU-R BT.601 divides blue and red minus luma by these, so that both span the range of the pixels: [-127.5, 127.5].
BLUE_SPAN, RED_SPAN = 2 * (1 - BLUE), 2 * (1 - RED)
HALF_RANGE = 127.5


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class Colors(Task):
    """Predicts the colors of a gray image: the task of `keras_ssl.Colorization`.

    Zhang et al. 2016 (https://arxiv.org/abs/1603.08511): the encoder sees the luma of the image, and a decoder
    predicts its chroma from the features. The loss is the squared error, where the paper classifies colors. Logged
    beside the loss: `gray_error`, the loss of a prediction without any color.

    Args:
        decoder: A built `keras.Model` from features to chroma `(batch, height, width, 2)`. Defaults to
            `heads.mirror(encoder, channels=2)`.
        augmented: Boolean. Whether to take a random view of each image instead of the image. Defaults to `False`,
            because the views of contrastive methods do not keep the true colors.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If the encoder's images are not RGB, the decoder does not fit, or none is given and the encoder
            has no mirror. Raised when the task gets its encoder.

    Example:

    >>> import keras_ssl
    >>> tasks = {"color": keras_ssl.tasks.Colors(), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.conv_encoder((32, 32, 3)), tasks)
    """

    logged = ("gray_error",)

    def __init__(self, decoder: keras.Model | None = None, *, augmented: bool = False, **kwargs):
        super().__init__(augmented=augmented, **kwargs)
        self.decoder = decoder

    def build_head(self, encoder: keras.Model) -> None:
        """Builds the encoder's mirror image with two channels, unless there is a decoder."""
        image_shape = encoder.input_shape[1:]
        check_rgb(image_shape)
        self.decoder = self.decoder or heads.mirror(encoder, channels=CHROMA_CHANNELS)
        check_decoder(self.decoder, encoder.output_shape[-1], (*image_shape[:2], CHROMA_CHANNELS))

    def forward(
        self, encoder: Callable, images: tf.Tensor, target: None, draws: Draws, training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compares the chroma with its prediction from the luma."""
        colors = chroma(images)
        predicted = self.predict_chroma(encoder, to_gray(images), training)
        return squared_error(colors, predicted), {"gray_error": squared_error(colors, tf.zeros_like(colors))}

    def predict_chroma(self, encoder: Callable, gray: tf.Tensor, training: bool) -> tf.Tensor:
        """Predicts the chroma `(batch, height, width, 2)` of gray images `(batch, height, width, 3)`."""
        return self.decoder(encoder(gray, training=training), training=training)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "decoder": keras.saving.serialize_keras_object(self.decoder)}


def to_gray(images: npt.ArrayLike) -> tf.Tensor:
    """Converts RGB images to gray: the luma in all three channels.

    Args:
        images: Tensor of shape `(batch, height, width, 3)`, raw pixels in [0, 255].

    Returns:
        Float32 tensor of the same shape, in [0, 255].

    Example:

    >>> import keras_ssl
    >>> keras_ssl.tasks.to_gray([[[[255, 0, 0]]]]).numpy().round().astype(int).tolist()
    [[[[76, 76, 76]]]]
    """
    return tf.repeat(_luma(images), 3, axis=-1)


def chroma(images: npt.ArrayLike) -> tf.Tensor:
    """The colors of RGB images without their brightness: blue minus luma, and red minus luma (Cb and Cr).

    `colorize` puts them and the gray image of `to_gray` together again.

    Args:
        images: Tensor of shape `(batch, height, width, 3)`, raw pixels in [0, 255].

    Returns:
        Float32 tensor of shape `(batch, height, width, 2)` in [-1, 1]. 0 is gray.

    Example:

    >>> import keras_ssl
    >>> percent = 100 * keras_ssl.tasks.chroma([[[[255, 0, 0]]]])
    >>> percent.numpy().round().astype(int).tolist()
    [[[[-34, 100]]]]
    """
    images = tf.cast(images, tf.float32)
    luma = _luma(images)
    red_minus_luma, _, blue_minus_luma = tf.split(images - luma, 3, axis=-1)
    return tf.concat([blue_minus_luma / BLUE_SPAN, red_minus_luma / RED_SPAN], axis=-1) / HALF_RANGE


def colorize(images: npt.ArrayLike, chroma: npt.ArrayLike) -> tf.Tensor:
    """Joins the brightness of `images` with the colors of `chroma`.

    Args:
        images: Tensor of shape `(batch, height, width, 3)`, raw pixels in [0, 255]. Only their luma is used.
        chroma: Tensor of shape `(batch, height, width, 2)`, as `keras_ssl.tasks.chroma` returns it.

    Returns:
        Float32 tensor of shape `(batch, height, width, 3)`, clipped to [0, 255].

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (2, 8, 8, 3), dtype="uint8")
    >>> again = keras_ssl.tasks.colorize(keras_ssl.tasks.to_gray(images), keras_ssl.tasks.chroma(images))
    >>> bool(np.allclose(again, images, atol=0.01))
    True
    """
    luma = _luma(images)
    blue, red = tf.split(HALF_RANGE * tf.cast(chroma, tf.float32), 2, axis=-1)
    red, blue = luma + RED_SPAN * red, luma + BLUE_SPAN * blue
    green = (luma - RED * red - BLUE * blue) / GREEN
    return tf.clip_by_value(tf.concat([red, green, blue], axis=-1), 0.0, 255.0)


def _luma(images):
    return tf.reduce_sum(tf.cast(images, tf.float32) * LUMA, axis=-1, keepdims=True)
