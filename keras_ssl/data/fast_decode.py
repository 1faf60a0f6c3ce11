"""Fast decoding of the most common files: JPEG and PNG files without special features ("plain" files).

`decode_image` reads any file, but its graph is large: the search for an EXIF tag takes half as long as decoding a
small JPEG, and tf.data needs a quarter of a second to start an epoch with it. Plain files are recognized by their
first bytes. If there are segments before the pixels, such as EXIF, color profiles and XMP, Python reads these.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_ssl.data.decode import as_channels, turn_upright
from keras_ssl.data.jpeg import RATIOS, which_ratio
from keras_ssl.data.sniff import JPEG, LOOKED_AT, OTHER, PNG, sniff

_HEAD = 96
_JFIF = b"\xff\xe0\0\x10JFIF\0"
# Tables, frames and comments. Other segments at the front are APPn segments, one of which may be EXIF.
_JPEG_MARKERS = (b"\xff\xdb", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xfe")
_BIG_ENDIAN = np.array([256**3, 256**2, 256, 1], np.int64)
_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
# Chunks of a fixed size that programs write between the header and the pixels, none of which turns the image.
_PNG_CHUNKS = ((), ("pHYs",), ("gAMA",), ("sRGB",), ("sRGB", "gAMA"), ("sRGB", "gAMA", "pHYs"))
_CHUNK_BYTES = {"pHYs": 21, "gAMA": 16, "sRGB": 13}


def fast_decode(
    image_bytes: tf.Tensor,
    needed: int | None,
    channels: int,
    max_pixels: int,
    otherwise: Callable[[tf.Tensor], tf.Tensor],
    walks: bool = False,
    orientation: str = "exif",
) -> tf.Tensor:
    """Decode the content of an image file as `decode_image` does, with a small graph for plain files.

    Args:
        image_bytes: Scalar string tensor. The content of the file.
        needed: See `decode_image`.
        channels: Integer. 3 for RGB or 1 for gray.
        max_pixels: See `decode_image`.
        otherwise: Function of `image_bytes` for files that are not plain, or larger than `max_pixels`. Returns the
            RGB image as `decode_image` would, or raises its error.
        walks: Boolean. Whether files with segments before the pixels count as plain too. Recognizing them takes a
            little longer. Defaults to `False`.
        orientation: See `decode_image`. Defaults to `"exif"`.

    Returns:
        uint8 tensor of shape `(height, width, channels)`.
    """
    if walks:
        kind, turned = _look(image_bytes)
    else:
        kind, turned = _kind(_head(image_bytes)), None
    height, width = tf.unstack(
        tf.cond(
            kind == JPEG,
            lambda: tf.io.extract_jpeg_shape(image_bytes, output_type=tf.int64)[:2],
            lambda: tf.linalg.matvec(tf.cast(tf.reshape(_head(image_bytes)[16:24], (2, 4)), tf.int64), _BIG_ENDIAN),
        )
    )
    # The product of two sides of 32 bits could overflow.
    pixels = tf.minimum(height, 2**31) * tf.minimum(width, 2**31)
    # One switch, not two nested ones: the more functions there are, the longer tf.data takes to start an epoch.
    branches: list[Callable[..., tf.Tensor]] = [
        lambda ratio=ratio: tf.io.decode_jpeg(image_bytes, channels=3, ratio=ratio) for ratio in RATIOS
    ]
    branches += [lambda: tf.io.decode_png(image_bytes, channels=3), lambda: otherwise(image_bytes)]
    png, other = len(RATIOS), len(RATIOS) + 1
    branch = tf.where(kind == JPEG, which_ratio(height, width, needed), tf.where(kind == PNG, png, other))
    is_plain = (kind != OTHER) & (pixels <= max_pixels)
    image = tf.switch_case(tf.where(is_plain, branch, other), branches)
    if walks and orientation == "exif":
        # `otherwise` has turned the other files already.
        turns = is_plain & (turned > 1)
        image = tf.cond(turns, lambda: turn_upright(image, turned), lambda: image)
    return as_channels(tf.ensure_shape(image, (None, None, 3)), channels)


def is_plain(image_bytes: tf.Tensor) -> tf.Tensor:
    """Whether `fast_decode` can decode a JPEG or PNG without reading its segments, as a boolean tensor."""
    return _kind(_head(image_bytes)) != OTHER


def _look(image_bytes):
    """The result of `sniff` for a file, as two int32 scalar tensors."""

    def look(head):
        # `head` is bytes in a graph, and an array of bytes outside.
        return np.array(sniff(np.asarray(head).item()), np.int32)

    head = tf.strings.substr(image_bytes, 0, LOOKED_AT)
    found = tf.numpy_function(look, [head], tf.int32, stateful=False)
    return tf.unstack(tf.ensure_shape(found, (2,)))


def _head(image_bytes):
    return tf.io.decode_raw(image_bytes, tf.uint8, fixed_length=_HEAD)


def _kind(head):
    """`JPEG` or `PNG` if the file is plain, else `OTHER`."""
    found = tf.reduce_all(tf.bitwise.bitwise_and(head, _MASKS) == _VALUES, axis=1)
    return tf.reduce_min(tf.where(found, _KINDS, OTHER))


def _patterns():
    """Yields for each head of a plain file its kind, and a dict from positions to the bytes there."""
    for marker in _JPEG_MARKERS:
        yield JPEG, {0: b"\xff\xd8" + marker}
        yield JPEG, {0: b"\xff\xd8" + _JFIF, 20: marker}
    for chunks in _PNG_CHUNKS:
        # Files of 16 bits need more than a decoder.
        for bits in (1, 2, 4, 8):
            parts, position = {0: _PNG_START, 24: bytes([bits])}, 33
            for chunk in chunks:
                parts[position + 4] = chunk.encode()
                position += _CHUNK_BYTES[chunk]
            yield PNG, {**parts, position + 4: b"IDAT"}


def _table():
    kinds, values, masks = [], [], []
    for kind, parts in _patterns():
        value, mask = np.zeros((2, _HEAD), np.uint8)
        for start, content in parts.items():
            value[start : start + len(content)] = list(content)
            mask[start : start + len(content)] = 255
        kinds.append(kind)
        values.append(value)
        masks.append(mask)
    return np.array(kinds, np.int32), np.stack(values), np.stack(masks)


_KINDS, _VALUES, _MASKS = _table()
