import tensorflow as tf

from keras_ssl.augment.jitter_colors import LUMA

RED, GREEN, BLUE = LUMA
# By which ITU-R BT.601 divides blue and red less luma, so that both span the range of the pixels: [-127.5, 127.5].
BLUE_SPAN, RED_SPAN = 2 * (1 - BLUE), 2 * (1 - RED)
HALF_RANGE = 127.5


def to_gray(images):
    """RGB images without their colors: the luma in all three channels.

    Args:
        images: (batch, height, width, 3) tensor, raw pixels in [0, 255].

    Returns:
        Float32 tensor of the same shape, in [0, 255].

    Example:

    >>> import keras_ssl
    >>> keras_ssl.pretext.to_gray([[[[255, 0, 0]]]]).numpy().round().astype(int).tolist()
    [[[[76, 76, 76]]]]
    """
    return tf.repeat(_luma(images), 3, axis=-1)


def chroma(images):
    """The colors of RGB images without their brightness: blue less luma, and red less luma (Cb and Cr).

    With `to_gray` they make up the image (`colorize`): a gray image and its colors, as one half that is seen and one
    that is to be predicted.

    Args:
        images: (batch, height, width, 3) tensor, raw pixels in [0, 255].

    Returns:
        Float32 tensor (batch, height, width, 2) in [-1, 1]; 0 is gray.

    Example:

    >>> import keras_ssl
    >>> percent = 100 * keras_ssl.pretext.chroma([[[[255, 0, 0]]]])
    >>> percent.numpy().round().astype(int).tolist()
    [[[[-34, 100]]]]
    """
    images = tf.cast(images, tf.float32)
    luma = _luma(images)
    red_less_luma, _, blue_less_luma = tf.split(images - luma, 3, axis=-1)
    return tf.concat([blue_less_luma / BLUE_SPAN, red_less_luma / RED_SPAN], axis=-1) / HALF_RANGE


def colorize(images, chroma):
    """Images with the brightness of `images` and the colors of `chroma`.

    Args:
        images: (batch, height, width, 3) tensor, raw pixels in [0, 255]; of their colors only the luma counts.
        chroma: (batch, height, width, 2) tensor, as `keras_ssl.pretext.chroma` gives.

    Returns:
        Float32 tensor (batch, height, width, 3), clipped to [0, 255].

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (2, 8, 8, 3), dtype="uint8")
    >>> again = keras_ssl.pretext.colorize(keras_ssl.pretext.to_gray(images), keras_ssl.pretext.chroma(images))
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
