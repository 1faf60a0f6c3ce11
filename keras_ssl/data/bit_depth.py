import warnings
from collections.abc import Sequence

import tensorflow as tf

from keras_ssl.data.evenly_spaced import evenly_spaced
from keras_ssl.data.image_files import is_read_by_python, read_by_python

# How many headers are read, and how many files of 16 bits are decoded.
_SAMPLED_HEADERS = 200
_SAMPLED_FILES = 16
# A camera or scanner of 14 bits or less fills a quarter of the range at most.
_BRIGHT = 2**14
_USUAL_BITS = (8, 10, 12, 14)


def check_bit_depth(paths: Sequence[str], channels: int) -> None:
    """Raise or warn if files of 16 bits would look nearly black, as 12 bits stored in 16 do.

    Only a sample of the files is decoded: up to 16, evenly spaced. Files that say how many bits are in use, or which
    values are black and white, are left out.

    Args:
        paths: List of the paths of all image files.
        channels: Integer. Number of channels that the folder is read with.

    Raises:
        ValueError: If all files of the sample are dark. If only some are, a warning names the first of them.
    """
    headers = evenly_spaced(paths, _SAMPLED_HEADERS)
    deep = [path for path in headers if is_read_by_python(path) or _is_deep_png(path)]
    found = {path: _largest_value(path, channels) for path in evenly_spaced(deep, _SAMPLED_FILES)}
    found = {path: largest for path, largest in found.items() if largest is not None}
    # An image of zeros is black at any bit depth.
    dark = {path: largest for path, largest in found.items() if 0 < largest < _BRIGHT}
    if not dark:
        return
    first, largest = next(iter(dark)), max(dark.values())
    bits = next(bits for bits in _USUAL_BITS if largest < 2**bits)
    if max(found.values()) >= _BRIGHT:
        warnings.warn(
            f"{len(dark)} of {len(found)} files of 16 bits look nearly black: white is 65535, and their largest "
            f"value is {largest}. The first is {first!r}. If such files use fewer bits than the others, move them to "
            f"a folder of their own and read it with bits={bits} (pretrain --bits {bits}). If they are meant to be "
            "so dark, bits=16 turns this warning off.",
            stacklevel=5,
        )
        return
    raise ValueError(
        f"Files of 16 bits would look nearly black: white is 65535, and the largest value in {len(found)} of them is "
        f"{largest}. Say how many bits are in use: bits={bits} (pretrain --bits {bits}) holds values up to "
        f"{2**bits - 1}. If they are meant to be so dark, set bits=16. Received: bits=None, and {first!r}"
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
    """The largest value of a file of 16 bits, or `None` for other and unreadable files."""
    try:
        if is_read_by_python(path):
            stored = read_by_python(path, channels)
            return stored.largest if stored.bits == 16 else None
        return int(tf.reduce_max(tf.io.decode_png(tf.io.read_file(path), dtype=tf.uint16)))
    except Exception:  # a broken file raises when it is read for training
        return None
