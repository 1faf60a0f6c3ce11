import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_ssl.data.digits import load_digits
from keras_ssl.data.evenly_spaced import evenly_spaced
from keras_ssl.data.files import find_images
from keras_ssl.data.headers import switch_format
from keras_ssl.data.image_files import is_read_by_python, require_packages, size_by_python
from keras_ssl.data.tfds import example_images, prepared_builder

# Number of images that the typical size is measured on. Reading this many headers takes a moment.
SAMPLE = 200


class Description(NamedTuple):
    """Facts about a data set that are known before it is read.

    Attributes:
        image_shape: Tuple `(height, width, channels)`. Height and width are `None` if images differ in size.
        labelled: Boolean. Whether each image has a label. In a folder: whether each file is in one of several
            subfolders.
        images: Integer. Number of images, or of files in a folder.
        typical_size: Tuple `(height, width)` of upright images: the medians of a sample, if images differ in size.
            `None` if no file of the sample is an image.
    """

    image_shape: tuple
    labelled: bool
    images: int
    typical_size: tuple


def describe(
    name: str | os.PathLike[str], data_dir: str | os.PathLike[str] | None = None, split: str = "train"
) -> Description:
    """Describe the images of a data set, so that a network can be built for them.

    Args:
        name: `"digits"`, the name of a data set of tensorflow-datasets, or the path of a folder.
        data_dir: Folder of prepared data sets, as in `load`. Defaults to `None`.
        split: String. The split whose images are counted; not used for a folder. Defaults to `"train"`.

    Returns:
        A `Description`.

    Raises:
        ValueError: If there is no such data set, or it has no images.

    Example:

    >>> keras_ssl.data.describe("digits")
    Description(image_shape=(8, 8, 1), labelled=True, images=1437, typical_size=(8, 8))
    """
    if name == "digits":
        return Description((8, 8, 1), True, len(load_digits(split)[0]), (8, 8))
    if is_folder(name):
        folder, names = find_images(name)
        return Description((None, None, 3), has_classes(names), len(names), _typical_file_size(folder, names))
    builder = prepared_builder(name, data_dir)
    info = builder.info
    shape = tuple(info.features["image"].shape) if "image" in info.features else (None, None, 3)
    typical = shape[:2]
    if None in typical:
        typical = _median(np.array([image.shape[:2] for image in example_images(builder, split, SAMPLE)]))
    return Description(shape, "label" in info.features, info.splits[split].num_examples, typical)


def _typical_file_size(folder, names):
    """Median height and width of a sample of files, from their headers."""

    # Here unreadable files are left out. They raise when they are read for training.
    def size(path):
        return switch_format(tf.io.read_file(path), upright)

    def upright(header, name):
        size = tf.stack([header.height, header.width])
        # From 5 on the EXIF tag says that the image lies on its side.
        return tf.where(header.orientation >= 5, size[::-1], size)

    paths = [os.path.join(folder, name) for name in evenly_spaced(names, SAMPLE)]
    by_python = [path for path in paths if is_read_by_python(path)]
    sizes = [found for path in by_python if (found := size_by_python(path))]
    if len(by_python) < len(paths):
        with tf.device("CPU:0"):
            others = [os.fsencode(path) for path in paths if not is_read_by_python(path)]
            sizes += tf.data.Dataset.from_tensor_slices(others).map(size).ignore_errors().as_numpy_iterator()
    if not sizes:
        require_packages(by_python)
    return _median(np.array(sizes)) if sizes else None


def _median(sizes):
    return tuple(int(side) for side in np.median(sizes, axis=0).round())


def has_classes(names: Sequence[str]) -> bool:
    """Whether all files of a folder lie in two or more subfolders, which are then their classes."""
    outermost = {name.split(os.sep)[0] if os.sep in name else None for name in names}
    return None not in outermost and len(outermost) > 1


def is_folder(name: Any) -> bool:
    """Whether a name is the path of a folder, or of a file such as photos.zip, and not the name of a data set."""
    is_file = os.path.splitext(name)[1] and os.path.isfile(name)
    return name != "digits" and bool(os.sep in name or os.path.isdir(name) or is_file)
