import tensorflow as tf

from keras_ssl.data.headers import png_significant_bits

BITS = (8, 16)


def check_bits(bits: int | None) -> None:
    """Raise a `ValueError` unless `bits` is `None` or an integer from 8 to 16."""
    is_integer = isinstance(bits, int) and not isinstance(bits, bool)
    if bits is not None and not (is_integer and BITS[0] <= bits <= BITS[1]):
        raise ValueError(
            f"`bits` must be an integer from {BITS[0]} to {BITS[1]} (how many of the 16 bits of each value are in "
            f"use), or None to use what the files say. Received: bits={bits!r}"
        )


def decode_png(image_bytes: tf.Tensor, bits: int | None) -> tf.Tensor:
    """Decode a PNG as uint8 RGB. Of 16-bit values, keep the highest 8 of the bits in use.

    Args:
        image_bytes: Scalar string tensor. A PNG file whose header was read.
        bits: Integer from 8 to 16, or `None`. How many bits are in use. `None` means what the file says, or else all.

    Returns:
        uint8 tensor of shape `(height, width, 3)`.
    """

    def deep(image_bytes):
        stored = tf.io.decode_png(image_bytes, channels=3, dtype=tf.uint16)
        return _highest_eight(stored, image_bytes, bits)

    if not tf.executing_eagerly():
        # A function of its own, so that files of 8 bits are decoded as fast as without it.
        deep = tf.function(deep, autograph=False, experimental_attributes={"_noinline": True})
    return tf.cond(
        tf.strings.substr(image_bytes, 24, 1) == b"\x10",
        lambda: deep(image_bytes),
        lambda: tf.io.decode_image(image_bytes, channels=3, expand_animations=False),
    )


def _highest_eight(stored, image_bytes, bits):
    largest = tf.cast(tf.reduce_max(stored), tf.int64)
    if bits is None:
        used = _bits_in_use(stored, largest, png_significant_bits(image_bytes))
    else:
        used = tf.constant(bits, tf.int64)
        message = f"This PNG holds values that do not fit into bits={bits}, up to"
        fits = tf.debugging.Assert(largest < 2**bits, [message, largest])
        with tf.control_dependencies([fits]):
            stored = tf.identity(stored)
    # One of the two shifts is by 0. Fewer than 8 bits are rare, and all of them are kept.
    moved = tf.bitwise.left_shift(stored, tf.cast(tf.maximum(8 - used, 0), tf.uint16))
    return tf.cast(tf.bitwise.right_shift(moved, tf.cast(tf.maximum(used - 8, 0), tf.uint16)), tf.uint8)


def _bits_in_use(stored, largest, significant):
    """Number of low bits that hold the image, from the sBIT chunk and the largest value.

    By the PNG specification, values are scaled up to all 16 bits, and sBIT says how many were in use before. But many
    programs store 12 bits as they are. A dark image that was scaled up differs from these: its unused low bits are 0,
    or 1 by rounding.
    """
    significant = tf.where((significant > 0) & (significant < 16), significant, 16)
    unused = tf.cast(2 ** (16 - significant) - 1, tf.uint16)
    unscaled = (largest < 2**significant) & tf.reduce_any(
        tf.bitwise.bitwise_and(stored, unused) > tf.minimum(unused // 2, 1)
    )
    return tf.where(unscaled, significant, 16)
