import tensorflow as tf

from keras_ssl.checks.arguments import check_image_size
from keras_ssl.data.deep_png import check_bits, decode_png
from keras_ssl.data.headers import bmp_channel_bytes, little_endian, switch_format, unpack
from keras_ssl.data.jpeg import decode_jpeg
from keras_ssl.data.resize import check_resize, resize_images

MAX_PIXELS = 50_000_000


@tf.autograph.experimental.do_not_convert
def decode_and_resize(
    image_bytes: tf.Tensor,
    image_size: int | tuple[int, int],
    channels: int = 3,
    resize: str = "stretch",
    max_pixels: int = MAX_PIXELS,
    orientation: str = "exif",
    bits: int | None = None,
) -> tf.Tensor:
    """Decode the content of an image file and resize it to a fixed size.

    Images from folders and from requests to an exported encoder all pass through this function, so training and
    serving see the same pixels. A JPEG several times larger than needed is decoded at a half, a quarter or an eighth
    of its size, which leaves at least twice the wanted size to resize from.

    Args:
        image_bytes: Scalar string tensor. The content of a PNG, JPEG, GIF, BMP or WebP file.
        image_size: Tuple `(height, width)`, or one integer for a square.
        channels: Integer. 3 for RGB or 1 for gray. Defaults to `3`.
        resize: `"stretch"`, `"crop"` or `"pad"`; see `resize_images`. Defaults to `"stretch"`.
        max_pixels: Integer. The largest height × width that is decoded. Defaults to 50 million.
        orientation: `"exif"` or `"ignore"`; see `decode_image`. Defaults to `"exif"`.
        bits: Integer from 8 to 16, or `None`; see `decode_image`. Defaults to `None`.

    Returns:
        uint8 tensor of static shape `(height, width, channels)`.

    Raises:
        ValueError: If an argument other than `image_bytes` is not as described.
        tf.errors.InvalidArgumentError: If the image cannot be decoded; see `decode_image`.

    Example:

    >>> png = tf.io.encode_png(tf.zeros((20, 30, 3), tf.uint8))
    >>> decode_and_resize(png, image_size=(8, 8), channels=1).shape
    TensorShape([8, 8, 1])
    """
    return decode_and_measure(image_bytes, image_size, channels, resize, max_pixels, orientation, bits)[0]


@tf.autograph.experimental.do_not_convert
def decode_and_measure(
    image_bytes: tf.Tensor,
    image_size: int | tuple[int, int],
    channels: int = 3,
    resize: str = "stretch",
    max_pixels: int = MAX_PIXELS,
    orientation: str = "exif",
    bits: int | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Decode and resize an image as `decode_and_resize`, and say which size it had before it was resized.

    With that size, `scale_and_translation` leads from places in the resized image back to places in the file.

    Args:
        image_bytes: See `decode_and_resize`.
        image_size: See `decode_and_resize`.
        channels: See `decode_and_resize`.
        resize: See `decode_and_resize`.
        max_pixels: See `decode_and_resize`.
        orientation: See `decode_and_resize`.
        bits: See `decode_and_resize`.

    Returns:
        The image that `decode_and_resize` returns, and an int32 tensor, the (height, width) of the upright image as
        it was decoded: a JPEG may have been shrunk then.

    Example:

    >>> png = tf.io.encode_png(tf.zeros((20, 30, 3), tf.uint8))
    >>> image, size = decode_and_measure(png, image_size=(8, 8), resize="pad")
    >>> size.numpy().tolist()
    [20, 30]
    """
    image_size, resize = check_image_size(image_size), check_resize(resize)
    image = decode_image(image_bytes, channels, max_pixels, orientation, bits, needed=max(image_size))
    return resize_images(image[None], image_size, resize)[0], tf.shape(image)[:2]


@tf.autograph.experimental.do_not_convert
def decode_image(
    image_bytes: tf.Tensor,
    channels: int = 3,
    max_pixels: int = MAX_PIXELS,
    orientation: str = "exif",
    bits: int | None = None,
    needed: int | None = None,
) -> tf.Tensor:
    """Decode the content of an image file, or the first frame of an animation.

    The function consists of TensorFlow operations only, so it can be mapped over a `tf.data.Dataset` and saved in a
    SavedModel. Of 16-bit values, the highest 8 of the bits in use are kept. Transparency is dropped. Palettes and
    CMYK become RGB. Gray is computed from RGB with the weights of `tf.image.rgb_to_grayscale`.

    Args:
        image_bytes: Scalar string tensor. The content of a PNG, JPEG, GIF, BMP or WebP file.
        channels: Integer. 3 for RGB or 1 for gray. Defaults to `3`.
        max_pixels: Integer. The largest height × width that is decoded. The size is read from the header, so a
            larger image raises an error before memory for it is allocated. Defaults to 50 million.
        orientation: `"exif"` turns and flips the image upright by the EXIF tag of a JPEG, PNG or WebP file;
            `"ignore"` leaves it as stored. Defaults to `"exif"`.
        bits: Integer from 8 to 16. How many of the 16 bits that a PNG stores for each value are in use, such as 12
            for values up to 4095. `None` means what the PNG says in its chunk sBIT, or else all 16. Has no effect on
            other files. Defaults to `None`.
        needed: Integer. The longer side, in pixels, that the image will be resized to. A JPEG decoder may shrink the
            image, as long as the shorter side keeps at least twice as many. `None` decodes at full size. Defaults to
            `None`.

    Returns:
        uint8 tensor of shape `(height, width, channels)`.

    Raises:
        ValueError: If `channels`, `max_pixels`, `orientation` or `bits` is not as described.
        tf.errors.InvalidArgumentError: If the file is empty, not an image, corrupt, truncated or too large, or holds
            values that do not fit into `bits`.

    Example:

    >>> png = tf.io.encode_png(tf.zeros((20, 30, 1), tf.uint8))
    >>> decode_image(png).shape
    TensorShape([20, 30, 3])
    """
    check_decoding(channels, max_pixels, orientation, bits)

    def decode(header, name):
        still = _within_limit(header, max_pixels)
        decoders = {
            **_DECODERS,
            "JPEG": lambda still: decode_jpeg(still, header.height, header.width, needed),
            "PNG": lambda still: decode_png(still, bits),
        }
        image = decoders.get(name, _decode_rgb)(still)
        if orientation == "ignore" or isinstance(header.orientation, int):
            return image
        return tf.cond(header.orientation > 1, lambda: turn_upright(image, header.orientation), lambda: image)

    return as_channels(tf.ensure_shape(switch_format(image_bytes, decode), [None, None, 3]), channels)


def check_decoding(channels: int, max_pixels: int, orientation: str, bits: int | None) -> None:
    """Raise a `ValueError` if an argument of `decode_image` is invalid."""
    if channels not in (1, 3):
        raise ValueError(f"`channels` must be 3 for RGB or 1 for gray. Received: channels={channels}")
    if not isinstance(max_pixels, int) or max_pixels < 1:
        raise ValueError(f"`max_pixels` must be a positive integer. Received: max_pixels={max_pixels}")
    if orientation not in ("exif", "ignore"):
        raise ValueError(f"`orientation` must be 'exif' or 'ignore'. Received: orientation={orientation!r}")
    check_bits(bits)


def as_channels(image: tf.Tensor, channels: int) -> tf.Tensor:
    """Return an RGB image of uint8 unchanged, or as gray if `channels` is 1."""
    if channels == 1:
        image = tf.image.rgb_to_grayscale(tf.cast(image, tf.float32))
        image = tf.saturate_cast(tf.round(image), tf.uint8)
    return image


@tf.autograph.experimental.do_not_convert
def pixel_count(image_bytes: tf.Tensor) -> tf.Tensor:
    """Read height × width from the header of an image file, without decoding it.

    Args:
        image_bytes: Scalar string tensor. The content of a PNG, JPEG, GIF, BMP or WebP file.

    Returns:
        int64 scalar tensor.

    Raises:
        tf.errors.InvalidArgumentError: If the file is empty, not an image, or truncated within its header.

    Example:

    >>> int(pixel_count(tf.io.encode_png(tf.zeros((20, 30, 3), tf.uint8))))
    600
    """
    return switch_format(image_bytes, lambda header, name: header.height * header.width)


def _within_limit(header, max_pixels):
    pixels = header.height * header.width
    message = f"An image must have from 1 to max_pixels={max_pixels} pixels. Its header says width, height ="
    fits = tf.debugging.Assert((pixels > 0) & (pixels <= max_pixels), [message, header.width, header.height])
    with tf.control_dependencies([fits]):
        return tf.identity(header.still)


def turn_upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turn an image (height, width, channels) upright by its EXIF orientation, an integer tensor from 2 to 8."""
    # EXIF 2.32, section 4.6.4: the values say where the first stored row and column belong.
    image = tf.cond(orientation >= 5, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
    for flipped, axis in (((3, 4, 7, 8), 0), ((2, 3, 6, 7), 1)):
        flips = tf.reduce_any(orientation == tf.constant(flipped, orientation.dtype))
        image = tf.cond(flips, lambda image=image, axis=axis: tf.reverse(image, [axis]), lambda image=image: image)
    return image


def _decode_rgb(image_bytes):
    return tf.io.decode_image(image_bytes, channels=3, expand_animations=False)


def _decode_webp(image_bytes):
    # TensorFlow cannot decode a WebP image without its transparency.
    return tf.io.decode_image(image_bytes, channels=0, expand_animations=False)[..., :3]


def _decode_bmp(image_bytes):
    # TensorFlow decodes the indices into a palette as gray levels.
    image = tf.io.decode_bmp(image_bytes, channels=0)
    content = unpack(image_bytes)
    start = 14 + little_endian(content, 14, 4)
    palette = tf.reshape(content[start : start + 4 * 256], (256, 4))[:, 2::-1]

    def colors():
        # It reads the bytes as blue, green, red, alpha, whatever the masks (compression 3) say.
        swapped = tf.gather([2, 1, 0, 3], tf.maximum(bmp_channel_bytes(content), 0))
        order = tf.where(little_endian(content, 30, 4) == 3, swapped, [0, 1, 2])
        return tf.gather(image, order, axis=-1)

    return tf.cond(tf.shape(image)[-1] == 1, lambda: tf.gather(palette, tf.cast(image[..., 0], tf.int32)), colors)


_DECODERS = {"BMP": _decode_bmp, "WebP": _decode_webp}
