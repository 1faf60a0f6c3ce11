import tensorflow as tf

from keras_ssl.data.image_files import is_read_by_python, read_by_python
from keras_ssl.data.evenly_spaced import evenly_spaced

# Of so many files the headers are read, and so many of 16 bits are decoded.
_LOOKED_AT = 200
_DECODED = 16
# A camera or scanner of 14 bits or less fills a quarter of the range at most.
_BRIGHT = 2**14
_USUAL_BITS = (8, 10, 12, 14)


def check_bit_depth(paths, channels):
    """Raises a `ValueError` where files of 16 bits would come out nearly black, as 12 bits stored in 16 do.

    Files that say how many bits are in use, or which values are black and white, are not concerned.

    Args:
        paths: List of the paths of all image files; some of them are looked at.
        channels: Integer, how many the folder is read with.
    """
    deep = [path for path in evenly_spaced(paths, _LOOKED_AT) if is_read_by_python(path) or _is_deep_png(path)]
    largest = [
        value for path in evenly_spaced(deep, _DECODED) if (value := _largest_value(path, channels)) is not None
    ]
    if not largest or not 0 < max(largest) < _BRIGHT:
        return
    bits = next(bits for bits in _USUAL_BITS if max(largest) < 2**bits)
    raise ValueError(
        f"Files of 16 bits would come out nearly black: of values from 0 to 65535 the largest in {len(largest)} of "
        f"them is {max(largest)}. Say how many bits are in use: bits={bits} (pretrain --bits {bits}) holds values up "
        f"to {2**bits - 1}. If they are meant to be so dark, bits=16. Received: bits=None, and {deep[0]!r}"
    )


def _is_deep_png(path):
    """Whether a file is a PNG of 16 bits that does not say how many of them are in use."""
    if not path.lower().endswith(".png"):
        return False
    try:
        with open(path, "rb") as file:
            # sBIT comes before the pixels.
            head = file.read(4096)
    except OSError:
        return False
    return head[24:25] == b"\x10" and b"sBIT" not in head.split(b"IDAT")[0]


def _largest_value(path, channels):
    """The largest number that a file of 16 bits holds; `None` of others, and of those that cannot be read."""
    try:
        if is_read_by_python(path):
            stored = read_by_python(path, channels)
            return stored.largest if stored.bits == 16 else None
        return int(tf.reduce_max(tf.io.decode_png(tf.io.read_file(path), dtype=tf.uint16)))
    except Exception:  # a broken file has its error when it is its turn
        return None
