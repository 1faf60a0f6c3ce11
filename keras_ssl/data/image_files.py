import importlib.util
import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_ssl.data.decode import MAX_PIXELS, check_decoding, decode_image
from keras_ssl.data.dicom import dicom_size, read_dicom
from keras_ssl.data.pixel_data import PixelData
from keras_ssl.data.tiff import read_tiff, tiff_size

TIFF, DICOM = (".tif", ".tiff"), (".dcm", ".dicom")
# Formats that Python packages read, each an optional extra: (package that is imported, name of the extra).
_PACKAGES = {TIFF: ("tifffile", "tiff"), DICOM: ("pydicom", "dicom")}


def file_decoder(paths, channels, max_pixels, orientation, bits, is_strict, by_tensorflow=None):
    """Choose the reader for a folder's image files: TensorFlow, or Python packages for TIFF and DICOM.

    Args:
        paths: List of the paths of all files.
        channels: Integer. 1 or 3, or any number if all files are TIFF.
        max_pixels: See `decode_image`.
        orientation: See `decode_image`.
        bits: See `decode_image`.
        is_strict: Boolean. Whether a missing package raises an error now, and not when a file is read.
        by_tensorflow: Function from a path to an image, for files that are not TIFF or DICOM. Defaults to
            `decode_image` of the whole file.

    Returns:
        Function from a path, a scalar string tensor, to a uint8 tensor of shape `(height, width, channels)`.

    Raises:
        ImportError: If a package is missing. The message has the command that installs it.
        ValueError: If `channels` is not 1 or 3 and some files are not TIFF, or another argument is not as described.
    """
    special = [path for path in paths if is_read_by_python(path)]
    if is_strict:
        require_packages(special)
    _check_channels(channels, paths)
    check_decoding(3, max_pixels, orientation, bits)

    def by_decode_image(path):
        return decode_image(tf.io.read_file(path), channels, max_pixels, orientation, bits)

    def by_python(path):
        def read(path):
            path = os.fsdecode(np.asarray(path).item())  # bytes in a graph, an array of bytes outside
            try:
                require_packages([path])
                return _decode(path, channels, max_pixels, orientation, bits), b""
            except Exception as error:  # readers raise many kinds of errors for broken files
                return np.zeros((1, 1, channels), np.uint8), (str(error) or type(error).__name__).encode()

        image, problem = tf.numpy_function(read, [path], (tf.uint8, tf.string))
        with tf.control_dependencies([tf.debugging.Assert(tf.strings.length(problem) == 0, [problem])]):
            return tf.ensure_shape(image, (None, None, channels))

    by_tensorflow = by_tensorflow or by_decode_image
    if not special:
        return by_tensorflow
    if len(special) == len(paths):
        return by_python
    endings = "|".join(ending[1:] for ending in TIFF + DICOM)

    def by_ending(path):
        is_special = tf.strings.regex_full_match(path, rf"(?is).*\.({endings})")
        return tf.cond(is_special, lambda: by_python(path), lambda: by_tensorflow(path))

    return by_ending


def require_packages(paths: Sequence[str]) -> None:
    """Raise an `ImportError` if the package for some of these files is not installed."""
    for endings, (package, extra) in _PACKAGES.items():
        path = next((path for path in paths if path.lower().endswith(endings)), None)
        if path is not None and importlib.util.find_spec(package) is None:
            raise ImportError(
                f"{' and '.join(endings)} files are read by {package}, which is not installed: "
                f'pip install "keras_ssl[{extra}]". Received: {path!r}'
            )


def is_read_by_python(path: str) -> bool:
    """Whether a Python package reads a file, by its extension."""
    return path.lower().endswith(TIFF + DICOM)


def size_by_python(path: str) -> tuple[int, int] | None:
    """Height and width of a TIFF or DICOM file, or `None` if it cannot be read."""
    try:
        return (tiff_size if path.lower().endswith(TIFF) else dicom_size)(path)
    except Exception:  # a broken file raises when it is read for training
        return None


def read_by_python(path: str, channels: int, max_pixels: int = MAX_PIXELS, bits: int | None = None) -> PixelData:
    """Read a TIFF or DICOM file as `PixelData`; see `read_tiff` and `read_dicom`."""
    if path.lower().endswith(TIFF):
        return read_tiff(path, channels, max_pixels, bits)
    return read_dicom(path, max_pixels, bits)


def _decode(path, channels, max_pixels, orientation, bits):
    stored = read_by_python(path, channels, max_pixels, bits)
    values, used = stored.values, stored.bits
    # The highest eight bits, as for 16-bit PNG files. Fewer than eight bits are scaled to the whole range.
    image = values >> (used - 8) if used >= 8 else values.astype(np.uint16) * 255 // (2**used - 1)
    image = _in_channels(image.astype(np.uint8), channels)
    return np.ascontiguousarray(_upright(image, stored.orientation) if orientation == "exif" else image)


def _in_channels(image, channels):
    own = image.shape[-1]
    if own == channels:
        return image
    if (own, channels) == (1, 3):
        return np.repeat(image, 3, axis=-1)
    if (own, channels) == (3, 1):
        return np.round(image.astype(np.float32) @ np.float32([[0.2989], [0.587], [0.114]])).astype(np.uint8)
    raise ValueError(
        f"This file has {own} channels, but the folder is read with {channels}: set channels={own} "
        f"(pretrain --channels {own}) if all files have as many"
    )


def _upright(image, orientation):
    # As in `decode_image`: EXIF took its values from TIFF.
    image = image.transpose(1, 0, 2) if orientation >= 5 else image
    image = image[::-1] if orientation in (3, 4, 7, 8) else image
    return image[:, ::-1] if orientation in (2, 3, 6, 7) else image


def _check_channels(channels, paths):
    is_integer = isinstance(channels, int) and not isinstance(channels, bool)
    if is_integer and channels in (1, 3):
        return
    other = next((path for path in paths if not path.lower().endswith(TIFF)), None)
    if not is_integer or channels < 1 or other is not None:
        raise ValueError(
            "`channels` must be 3 for RGB or 1 for gray; only TIFF files have others. "
            f"Received: channels={channels!r}" + (f" and {other!r}" if other else "")
        )
