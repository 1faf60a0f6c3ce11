from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

# The first twelve bytes of each format. A question mark stands for any byte.
_SIGNATURES = {
    "PNG": b"\x89PNG\r\n\x1a\n????",
    "JPEG": b"\xff\xd8\xff?????????",
    "GIF": b"GIF8????????",
    "BMP": b"BM??????????",
    "WebP": b"RIFF????WEBP",
}
# Reads past the end of a file return zeros, so that a truncated file leads to a clear error.
_PADDING = b"\0" * 2048
_BYTES = [bytes([value]) for value in range(256)]


class Header(NamedTuple):
    """The header of an image file, read before anything is decoded.

    Attributes:
        height: int64 scalar.
        width: int64 scalar.
        still: String scalar. The content of the file; of an animation, only up to its first frame, so that the other
            frames are not decoded and cost nothing.
        orientation: int64 scalar from 1 (upright) to 8. The EXIF tag, or 1 if there is none.
    """

    height: tf.Tensor
    width: tf.Tensor
    still: tf.Tensor
    orientation: tf.Tensor | int = 1


@tf.autograph.experimental.do_not_convert
def switch_format(image_bytes: tf.Tensor, function: Callable[[Header, str], Any]) -> Any:
    """Apply a function to the `Header` of a file, traced once for each file format.

    Args:
        image_bytes: Scalar string tensor. The content of an image file.
        function: Function of a `Header` and the name of the format. Returns tensors of the same dtypes for every
            format.

    Returns:
        The result of `function` for the format of the file.
    """

    def branch(name, read):
        def run(content):
            return function(read(content), name)

        if name in _RARE:
            run = tf.function(run, autograph=False, experimental_attributes={"_noinline": True})
        return lambda: run(image_bytes)

    branches = [branch(name, read) for name, read in _READERS.items()]
    return tf.switch_case(_image_format(image_bytes), branches)


def unpack(image_bytes: tf.Tensor) -> tf.Tensor:
    """The bytes of a scalar string as a uint8 vector, followed by zeros."""
    padded = tf.strings.join([image_bytes, _PADDING])
    return tf.io.decode_raw(padded, tf.uint8)


def little_endian(content: tf.Tensor, start: int | tf.Tensor, count: int) -> tf.Tensor:
    """The unsigned number in the `count` bytes from `start` on, the lowest byte first."""
    digits = tf.cast(content[start : start + count], tf.int64)
    return tf.reduce_sum(digits * tf.constant([256**power for power in range(count)], tf.int64))


def png_significant_bits(image_bytes: tf.Tensor) -> tf.Tensor:
    """How many bits of each sample of a PNG are in use by its chunk sBIT, as int64; 0 if there is none."""

    def largest(sizes):
        # In gray images, with or without alpha, the first byte is for gray. Else three are for red, green and blue.
        is_gray = tf.reduce_any(tf.strings.substr(image_bytes, 25, 1) == [b"\0", b"\4"])
        sizes = tf.cast(unpack(sizes)[:3], tf.int64)
        return tf.where(is_gray, sizes[0], tf.reduce_max(sizes))

    return _find_png_chunk(image_bytes, b"sBIT", largest, missing=0)


def _image_format(image_bytes):
    """The index into `_SIGNATURES` of the format of a file, by its first bytes.

    Raises `tf.errors.InvalidArgumentError` for an empty string, and for a file that is not an image.
    """
    head = unpack(tf.strings.substr(image_bytes, 0, 12))[:12]
    signatures = tf.io.decode_raw(tf.constant(list(_SIGNATURES.values())), tf.uint8)
    matches = tf.reduce_all((head == signatures) | (signatures == ord("?")), axis=1)
    checks = [
        tf.debugging.Assert(tf.strings.length(image_bytes) > 0, ["The image is empty (0 bytes)."]),
        tf.debugging.Assert(
            tf.reduce_any(matches), [f"This is no image of a known kind ({', '.join(_SIGNATURES)})."]
        ),
    ]
    with tf.control_dependencies(checks):
        return tf.argmax(tf.cast(matches, tf.int32), output_type=tf.int32)


def _read_png(image_bytes):
    content = unpack(tf.strings.substr(image_bytes, 0, 24))
    # Only PNG stores the highest byte first. Its sides are at most 2^31 - 1, so no product overflows.
    width = little_endian(content[16:20][::-1], 0, 4)
    height = little_endian(content[20:24][::-1], 0, 4)
    return Header(tf.minimum(height, 2**31), tf.minimum(width, 2**31), image_bytes, _png_orientation(image_bytes))


def _read_jpeg(image_bytes):
    shape = tf.io.extract_jpeg_shape(image_bytes, output_type=tf.int32)
    height, width = tf.cast(shape[0], tf.int64), tf.cast(shape[1], tf.int64)
    return Header(height, width, image_bytes, _jpeg_orientation(image_bytes))


def _read_bmp(image_bytes):
    content = unpack(tf.strings.substr(image_bytes, 0, 66))
    bits, compression = little_endian(content, 28, 2), little_endian(content, 30, 4)
    plain = tf.reduce_any(bits == [8, 24, 32]) & tf.reduce_any(compression == [0, 3])
    readable = plain & (little_endian(content, 14, 4) >= 40)
    message = "This kind of BMP is not supported. Convert it to an uncompressed BMP of 24 bits, or to PNG."
    masked = (compression != 3) | ((bits == 32) & (tf.reduce_min(bmp_channel_bytes(content)) >= 0))
    rare = "This BMP has masks (BITFIELDS) that are not whole bytes. Convert it to PNG."
    checks = [tf.debugging.Assert(readable, [message]), tf.debugging.Assert(masked, [rare])]
    with tf.control_dependencies(checks):
        width = tf.bitcast(tf.cast(little_endian(content, 18, 4), tf.uint32), tf.int32)
        height = tf.bitcast(tf.cast(little_endian(content, 22, 4), tf.uint32), tf.int32)
    # A negative height means that the rows run from top to bottom.
    return Header(tf.abs(tf.cast(height, tf.int64)), tf.abs(tf.cast(width, tf.int64)), image_bytes)


def bmp_channel_bytes(content: tf.Tensor) -> tf.Tensor:
    """Which of the four bytes of each pixel hold red, green and blue, by the masks of a BMP (BITFIELDS).

    Args:
        content: uint8 vector. The first 66 bytes of the file, or more.

    Returns:
        int64 vector of shape `(3,)`, with -1 for a mask that is not exactly one byte.
    """
    # Each mask is a number of 32 bits with the lowest byte first, like the pixels.
    masks = tf.reshape(content[54:66], (3, 4))
    whole = tf.reduce_all((masks == 0) | (masks == 255), axis=1) & (tf.reduce_sum(masks // 255, axis=1) == 1)
    return tf.where(whole, tf.argmax(masks, axis=1), -1)


def _read_gif(image_bytes):
    content = unpack(image_bytes)

    def color_table(flags):
        return tf.where(flags >= 128, 3 * 2 ** (flags % 8 + 1), 0)

    def skip_sub_blocks(position):
        def skip(position):
            return (position + tf.cast(content[position], tf.int32) + 1,)

        return tf.while_loop(lambda position: content[position] != 0, skip, (position,))[0] + 1

    position = 13 + color_table(tf.cast(content[10], tf.int32))
    (position,) = tf.while_loop(
        lambda position: content[position] == 0x21,
        lambda position: (skip_sub_blocks(position + 2),),
        (position,),
    )
    found = tf.debugging.Assert(content[position] == 0x2C, ["This GIF has no frame."])
    with tf.control_dependencies([found]):
        frame = tf.identity(position)
    end = skip_sub_blocks(frame + 11 + color_table(tf.cast(content[frame + 9], tf.int32)))
    whole = tf.debugging.Assert(end <= tf.strings.length(image_bytes), ["This GIF is truncated."])
    with tf.control_dependencies([whole]):
        still = tf.strings.join([tf.strings.substr(image_bytes, 0, end), b";"])
    left, top, width, height = (little_endian(content, frame + offset, 2) for offset in (1, 3, 5, 7))
    return Header(
        tf.maximum(little_endian(content, 8, 2), top + height),
        tf.maximum(little_endian(content, 6, 2), left + width),
        still,
    )


def _read_webp(image_bytes):
    content = unpack(image_bytes)
    size = tf.strings.length(image_bytes)

    def name(position):
        return tf.strings.substr(tf.strings.join([image_bytes, _PADDING]), position, 4)

    def chunk_size(position):
        # A chunk of an odd size is followed by a byte of padding.
        length = little_endian(content, position + 4, 4)
        return tf.cast(tf.minimum(8 + length + length % 2, tf.cast(size, tf.int64)), tf.int32)

    def is_other(position):
        return (position < size) & (name(position) != b"VP8 ") & (name(position) != b"VP8L")

    def skip(position):
        # A frame of an animation (ANMF) is a chunk that contains the wanted chunk.
        step = tf.where(name(position) == b"ANMF", 24, chunk_size(position))
        return (tf.minimum(position + step, size),)

    (position,) = tf.while_loop(is_other, skip, (12,))
    found = tf.debugging.Assert(position + 8 < size, ["This WebP image is truncated."])
    with tf.control_dependencies([found]):
        position = tf.identity(position)
    lossless = name(position) == b"VP8L"
    # Lossless: a signature byte, then 14 bits each of width - 1 and height - 1. Lossy: a tag and a
    # start code of three bytes each, then 16 bits each, of which two are a hint for scaling.
    packed = little_endian(content, position + 9, 4)
    width = tf.where(lossless, packed % 2**14 + 1, little_endian(content, position + 14, 2) % 2**14)
    height = tf.where(lossless, packed // 2**14 % 2**14 + 1, little_endian(content, position + 16, 2) % 2**14)
    length = chunk_size(position)
    powers = tf.constant([256**power for power in range(4)])
    container = tf.strings.reduce_join(tf.gather(tf.constant(_BYTES), (length + 4) // powers % 256))
    chunk = tf.strings.substr(image_bytes, position, length)
    still = tf.strings.join([b"RIFF", container, b"WEBP", chunk])
    return Header(height, width, still, _webp_orientation(image_bytes))


def _jpeg_orientation(image_bytes):
    # Only the APPn segments (0xE0 to 0xEF) at the front are read, so that a file without the tag costs little.
    return _walk(
        image_bytes,
        2,
        lambda head: (head[0] == 0xFF) & (head[1] >= 0xE0) & (head[1] <= 0xEF),
        lambda head: (head[1] == 0xE1) & tf.reduce_all(head[4:10] == list(b"Exif\0\0")),
        lambda head: 2 + little_endian(head[2:4][::-1], 0, 2),
        10,
    )


def _png_orientation(image_bytes):
    return _find_png_chunk(image_bytes, b"eXIf", _tiff_orientation, missing=1)


def _find_png_chunk(image_bytes, name, read, missing):
    # Chunks after the pixels are not read, because there can be thousands of chunks of pixels.
    return _walk(
        image_bytes,
        8,
        lambda head: tf.reduce_any(head[4:8] != list(b"IDAT")) & tf.reduce_any(head[4:8] != 0),
        lambda head: tf.reduce_all(head[4:8] == list(name)),
        lambda head: 12 + little_endian(head[:4][::-1], 0, 4),
        8,
        read,
        missing,
    )


def _webp_orientation(image_bytes):
    # Only the extended format (VP8X) can have a chunk EXIF, after the pixels. Its flags say whether it has.
    head = unpack(tf.strings.substr(image_bytes, 0, 21))[:21]
    tagged = tf.reduce_all(head[12:16] == list(b"VP8X")) & (head[20] & 8 != 0)
    return tf.cond(
        tagged,
        lambda: _walk(
            image_bytes,
            12,
            lambda head: tf.reduce_any(head[:4] != 0),
            lambda head: tf.reduce_all(head[:4] == list(b"EXIF")),
            lambda head: 8 + (little_endian(head, 4, 4) + 1) // 2 * 2,
            8,
        ),
        lambda: tf.constant(1, tf.int64),
    )


def _walk(image_bytes, start, goes_on, is_wanted, length, skipped, read=None, missing=1):
    """Apply `read` to the first wanted part of a file whose parts begin with a head of up to ten bytes."""
    read = read or _tiff_orientation

    def find(image_bytes):
        size = tf.cast(tf.strings.length(image_bytes), tf.int64)

        def head(position):
            return unpack(tf.strings.substr(image_bytes, position, 10))[:10]

        def seek(position):
            return (position < size) & goes_on(head(position)) & ~is_wanted(head(position))

        def skip(position):
            return (tf.minimum(position + length(head(position)), size),)

        (position,) = tf.while_loop(seek, skip, (tf.constant(start, tf.int64),))
        return tf.cond(
            is_wanted(head(position)),
            lambda: read(tf.strings.substr(image_bytes, tf.minimum(position + skipped, size), 4096)),
            lambda: tf.constant(missing, tf.int64),
        )

    return tf.function(find, autograph=False, experimental_attributes={"_noinline": True})(image_bytes)


def _tiff_orientation(exif):
    """The tag 0x0112 of the first directory of EXIF data, which have the format of a TIFF file."""
    # Some WebP files repeat the head that only the segment of a JPEG should have.
    repeated = tf.strings.substr(exif, 0, 6) == b"Exif\0\0"
    content = unpack(tf.strings.substr(exif, tf.where(repeated, 6, 0), 4096))
    little = content[0] == ord("I")

    def number(start, count):
        part = content[start : start + count]
        return little_endian(tf.where(little, part, part[::-1]), 0, count)

    # The directory is near the front. The search ends after 4096 bytes and 100 entries.
    directory = tf.minimum(number(4, 4), tf.size(content, tf.int64) - len(_PADDING))
    count = tf.minimum(number(directory, 2), 100)
    entries = tf.reshape(content[directory + 2 : directory + 2 + 12 * count], (-1, 12))
    entries = tf.cast(entries, tf.int64)

    def short(offset):
        low, high = entries[:, offset], entries[:, offset + 1]
        return tf.where(little, low + 256 * high, 256 * low + high)

    found = (short(0) == 0x0112) & (short(2) == 3)
    value = tf.reduce_max(tf.concat([[1], tf.where(found, short(8), 1)], axis=0))
    return tf.where(value <= 8, value, 1)


_READERS = {"PNG": _read_png, "JPEG": _read_jpeg, "GIF": _read_gif, "BMP": _read_bmp, "WebP": _read_webp}
# Their loops stay in functions of their own: inlined, they slowed down a folder of nothing but JPEGs.
_RARE = ("GIF", "BMP", "WebP")
