import tensorflow as tf

from keras_ssl.checks.arguments import check_image_size
from keras_ssl.data.deep_png import check_bits, decode_png
from keras_ssl.data.headers import bmp_channel_bytes, little_endian, switch_format, unpack
from keras_ssl.data.jpeg import decode_jpeg
from keras_ssl.data.resize import check_resize, resize_images

MAX_PIXELS = 50_000_000


@tf.autograph.experimental.do_not_convert
def decode_and_resize(
    image_bytes, image_size, channels=3, resize="stretch", max_pixels=MAX_PIXELS, orientation="exif", bits=None
):
    """Decode the content of an image file and bring it to a fixed size.

    The one function by which images come in from folders and from requests to an exported encoder, so that
    training and serving see the same pixels. A JPEG several times as large as is wanted is decoded at a half, a
    quarter or an eighth of its size, so that twice the wanted one is left to resize.

    Args:
        image_bytes: Scalar string tensor: a PNG, JPEG, GIF, BMP or WebP file.
        image_size: The wanted (height, width), or one integer for a square.
        channels: 3 for RGB or 1 for gray. Defaults to 3.
        resize: `"stretch"`, `"crop"` or `"pad"`; see `resize_images`. Defaults to `"stretch"`.
        max_pixels: The largest height × width that is decoded. Defaults to 50 million.
        orientation: `"exif"` or `"ignore"`; see `decode_image`. Defaults to `"exif"`.
        bits: Integer from 8 to 16, or `None`; see `decode_image`. Defaults to `None`.

    Returns:
        A uint8 tensor (height, width, channels) of static shape.

    Raises:
        ValueError: If an argument other than `image_bytes` is not as described.
        tf.errors.InvalidArgumentError: If the image cannot be decoded; see `decode_image`.

    Example:

    >>> png = tf.io.encode_png(tf.zeros((20, 30, 3), tf.uint8))
    >>> decode_and_resize(png, image_size=(8, 8), channels=1).shape
    TensorShape([8, 8, 1])
    """
    image_size, resize = check_image_size(image_size), check_resize(resize)
    image = decode_image(image_bytes, channels, max_pixels, orientation, bits, needed=max(image_size))
    return resize_images(image[None], image_size, resize)[0]


@tf.autograph.experimental.do_not_convert
def decode_image(image_bytes, channels=3, max_pixels=MAX_PIXELS, orientation="exif", bits=None, needed=None):
    """Decode the content of an image file; of an animation, the first frame.

    Only TensorFlow operations take part, so that the function can be mapped over a `tf.data.Dataset` and saved
    in a SavedModel. 16 bits become the highest 8 of those in use, transparency is dropped, palettes and CMYK become
    RGB. Gray is made from RGB by the weights of `tf.image.rgb_to_grayscale`.

    Args:
        image_bytes: Scalar string tensor: a PNG, JPEG, GIF, BMP or WebP file.
        channels: 3 for RGB or 1 for gray. Defaults to 3.
        max_pixels: The largest height × width that is decoded. A larger image is refused by what its header
            says, before memory for it is taken. Defaults to 50 million.
        orientation: `"exif"` turns and flips the image upright, as the EXIF tag of a JPEG, PNG or WebP file says;
            `"ignore"` leaves it as stored. Defaults to `"exif"`.
        bits: Integer from 8 to 16: how many of the 16 bits that a PNG stores for each value are in use, such as 12
            for values up to 4095. `None` takes what the PNG itself says in its chunk sBIT, or else all 16. Other
            files are not concerned. Defaults to `None`.
        needed: Integer: pixels of the longer side that the image will be resized to, of which the shorter side of
            a JPEG keeps at least twice as many, where its decoder can shrink it. `None` decodes at full size.
            Defaults to `None`.

    Returns:
        A uint8 tensor (height, width, channels).

    Raises:
        ValueError: If `channels`, `max_pixels`, `orientation` or `bits` is not as described.
        tf.errors.InvalidArgumentError: If the file is empty, no image, corrupt, truncated or too large, or holds
            values beyond `bits`.

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


def check_decoding(channels, max_pixels, orientation, bits):
    """Raise a `ValueError` that says what is wrong with arguments of `decode_image`."""
    if channels not in (1, 3):
        raise ValueError(f"`channels` must be 3 for RGB or 1 for gray. Received: channels={channels}")
    if not isinstance(max_pixels, int) or max_pixels < 1:
        raise ValueError(f"`max_pixels` must be a positive integer. Received: max_pixels={max_pixels}")
    if orientation not in ("exif", "ignore"):
        raise ValueError(f"`orientation` must be 'exif' or 'ignore'. Received: orientation={orientation!r}")
    check_bits(bits)


def as_channels(image, channels):
    """Return an RGB image of uint8 unchanged, or its gray levels if `channels` is 1."""
    if channels == 1:
        image = tf.image.rgb_to_grayscale(tf.cast(image, tf.float32))
        image = tf.saturate_cast(tf.round(image), tf.uint8)
    return image


@tf.autograph.experimental.do_not_convert
def pixel_count(image_bytes):
    """Height × width of an image file as its header says, without decoding it.

    Args:
        image_bytes: Scalar string tensor: a PNG, JPEG, GIF, BMP or WebP file.

    Returns:
        An int64 scalar tensor.

    Raises:
        tf.errors.InvalidArgumentError: If the file is empty, no image or truncated within its header.

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


def turn_upright(image, orientation):
    """Turn an image (height, width, channels) upright by its EXIF orientation, an integer tensor from 2 to 8."""
    # The values as in EXIF 2.32, section 4.6.4: where the stored first row and column belong.
    image = tf.cond(orientation >= 5, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
    for flipped, axis in (((3, 4, 7, 8), 0), ((2, 3, 6, 7), 1)):
        flips = tf.reduce_any(orientation == tf.constant(flipped, orientation.dtype))
        image = tf.cond(flips, lambda image=image, axis=axis: tf.reverse(image, [axis]), lambda image=image: image)
    return image


def _decode_rgb(image_bytes):
    return tf.io.decode_image(image_bytes, channels=3, expand_animations=False)


def _decode_webp(image_bytes):
    # TensorFlow refuses to leave the transparency of a WebP image out.
    return tf.io.decode_image(image_bytes, channels=0, expand_animations=False)[..., :3]


def _decode_bmp(image_bytes):
    # TensorFlow takes the indices into a palette for gray levels.
    image = tf.io.decode_bmp(image_bytes, channels=0)
    content = unpack(image_bytes)
    start = 14 + little_endian(content, 14, 4)
    palette = tf.reshape(content[start : start + 4 * 256], (256, 4))[:, 2::-1]

    def colors():
        # It takes the bytes for blue, green, red, alpha, whatever the masks (compression 3) say.
        swapped = tf.gather([2, 1, 0, 3], tf.maximum(bmp_channel_bytes(content), 0))
        order = tf.where(little_endian(content, 30, 4) == 3, swapped, [0, 1, 2])
        return tf.gather(image, order, axis=-1)

    return tf.cond(tf.shape(image)[-1] == 1, lambda: tf.gather(palette, tf.cast(image[..., 0], tf.int32)), colors)


_DECODERS = {"BMP": _decode_bmp, "WebP": _decode_webp}
