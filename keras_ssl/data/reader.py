import functools

import tensorflow as tf

from keras_ssl.checks.arguments import check_image_size
from keras_ssl.data.decode import decode_image
from keras_ssl.data.evenly_spaced import evenly_spaced
from keras_ssl.data.fast_decode import fast_decode, is_plain
from keras_ssl.data.image_files import file_decoder, is_read_by_python
from keras_ssl.data.resize import resize_images
from keras_ssl.data.sniff import LOOKED_AT, OTHER, sniff

# So many files tell what a folder holds.
_LOOKED_AT = 32


def image_reader(paths, image_size, resize, channels, max_pixels, orientation, bits):
    """A function that reads an image file as `decode_and_resize` does, at the speed of the decoder for plain files.

    Args:
        paths: List of paths, those of the files that will be read.
        image_size: As in `decode_and_resize`.
        resize: As in `decode_and_resize`.
        channels: 3 for RGB or 1 for gray, or any number where all files are TIFF.
        max_pixels: As in `decode_image`.
        orientation: As in `decode_image`.
        bits: As in `decode_image`.

    Returns:
        A function, to be mapped over a data set, from a path, a string tensor, to a uint8 tensor (height, width,
        channels) of static shape.
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
    # Where none is seen, out of the graph, whose size tf.data would pay for at the start of each epoch: 1 ms a file.
    rarely = functools.partial(tf.py_function, decode_any, Tout=tf.uint8)
    otherwise = decode_any if has_others else lambda image_bytes: rarely([image_bytes])

    def by_tensorflow(path):
        return fast_decode(tf.io.read_file(path), needed, channels, max_pixels, otherwise, walks, orientation)

    # What is missing for a file was said before, or is the file's own error.
    decode = file_decoder(paths, channels, max_pixels, orientation, bits, False, by_tensorflow)

    def read(path):
        return resize_images(decode(path)[None], image_size, resize)[0]

    return read


def _look_at(paths):
    """Whether a sample of files contains some with segments before the pixels, and some other than JPEG and PNG."""
    heads = [head for path in evenly_spaced(paths, _LOOKED_AT) if (head := _head_of(path))]
    unplain = [head for head in heads if not is_plain(head)]
    kinds = {sniff(head)[0] for head in unplain}
    return bool(kinds - {OTHER}), OTHER in kinds


def _head_of(path):
    try:
        with open(path, "rb") as file:
            return file.read(LOOKED_AT)
    except OSError:  # its error comes when it is its turn
        return b""
