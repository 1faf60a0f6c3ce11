import numpy as np
import tensorflow as tf

# Of so many files the headers are read, and so many of 16 bits are decoded.
_LOOKED_AT = 200
_DECODED = 16
# A camera or scanner of 14 bits or less fills a quarter of the range at most.
_BRIGHT = 2**14
_USUAL_BITS = (8, 10, 12, 14)


def refuse_dark_files(paths):
    """Raises a `ValueError` where 16-bit PNG files would come out nearly black, as 12 bits stored in 16 do.

    Files that say how many bits are in use (sBIT) are not concerned.

    Args:
        paths: List of the paths of all image files; some of them are looked at.
    """
    looked_at = np.linspace(0, len(paths) - 1, min(_LOOKED_AT, len(paths))).round().astype(int)
    deep = [paths[index] for index in looked_at if _is_deep_png(paths[index])]
    chosen = np.linspace(0, len(deep) - 1, min(_DECODED, len(deep))).round().astype(int)
    largest = max((_largest_value(deep[index]) for index in chosen), default=0)
    if not 0 < largest < _BRIGHT:
        return
    bits = next(bits for bits in _USUAL_BITS if largest < 2**bits)
    raise ValueError(
        f"16-bit PNG files would come out nearly black: of values from 0 to 65535 the largest in {len(chosen)} of "
        f"them is {largest}. Say how many bits are in use: bits={bits} (pretrain --bits {bits}) holds values up to "
        f"{2**bits - 1}. If they are meant to be so dark, bits=16. Received: bits=None, and {deep[0]!r}"
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


def _largest_value(path):
    try:
        return int(tf.reduce_max(tf.io.decode_png(tf.io.read_file(path), dtype=tf.uint16)))
    except tf.errors.OpError:
        return 0  # has its error when it is its turn
