import functools

import tensorflow as tf

from keras_ssl.checks.arguments import check_image_size
from keras_ssl.data.decode import decode_image
from keras_ssl.data.evenly_spaced import evenly_spaced
from keras_ssl.data.fast_decode import fast_decode, is_plain
from keras_ssl.data.image_files import file_decoder, is_read_by_python
from keras_ssl.data.resize import resize_images
from keras_ssl.data.sniff import LOOKED_AT, OTHER, sniff

# Number of files in the sample that shows which formats a folder holds.
_LOOKED_AT = 32


def image_reader(paths, image_size, resize, channels, max_pixels, orientation, bits):
    """Make a function that reads image files as `decode_and_resize` does, but faster for plain files.

    Args:
        paths: List of the paths of all files that will be read.
        image_size: See `decode_and_resize`.
        resize: See `decode_and_resize`.
        channels: Integer. 3 for RGB or 1 for gray, or any number if all files are TIFF.
        max_pixels: See `decode_image`.
        orientation: See `decode_image`.
        bits: See `decode_image`.

    Returns:
        Function from a path, a string tensor, to a uint8 tensor of static shape `(height, width, channels)`. It can
        be mapped over a data set.
    """
    image_size = check_image_size(image_size)
    needed = max(image_size)

    def decode_any(image_bytes):
        return decode_image(image_bytes, 3, max_pixels, orientation, bits, needed)

    spec = tf.TensorSpec((), tf.string)
    decode_any = tf.function(
        decode_any, input_signature=[spec], autograph=False, experimental_attributes={"_noinline": True}
    )
    walks, has_others = _look_at([path for path in paths if not is_read_by_python(path)])
    # If the sample has none, they are decoded outside the graph, which costs 1 ms a file: a larger graph would delay
    # the start of each epoch.
    rarely = functools.partial(tf.py_function, decode_any, Tout=tf.uint8)
    otherwise = decode_any if has_others else lambda image_bytes: rarely([image_bytes])

    def by_tensorflow(path):
        return fast_decode(tf.io.read_file(path), needed, channels, max_pixels, otherwise, walks, orientation)

    # Not strict: missing packages were reported before, or raise when their file is read.
    decode = file_decoder(paths, channels, max_pixels, orientation, bits, False, by_tensorflow)

    def read(path):
        return resize_images(decode(path)[None], image_size, resize)[0]

    return read


def _look_at(paths):
    """Whether a sample of files has some with segments before the pixels, and some that are not JPEG or PNG."""
    heads = [head for path in evenly_spaced(paths, _LOOKED_AT) if (head := _head_of(path))]
    unplain = [head for head in heads if not is_plain(head)]
    kinds = {sniff(head)[0] for head in unplain}
    return bool(kinds - {OTHER}), OTHER in kinds


def _head_of(path):
    try:
        with open(path, "rb") as file:
            return file.read(LOOKED_AT)
    except OSError:  # raises when the file is read for training
        return b""
