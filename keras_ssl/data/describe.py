import os
from typing import NamedTuple

from keras_ssl.data.files import find_images
from keras_ssl.data.tfds import prepared_builder


class Description(NamedTuple):
    """What is known of a data set before it is read.

    Attributes:
        image_shape: (height, width, channels), where a height and width of `None` differ from image to image.
        labelled: Boolean: whether each image has a label, in a folder by lying in one of several subfolders.
    """

    image_shape: tuple
    labelled: bool


def describe(name, data_dir=None):
    """Say what images a data set has, so that a network can be built for them.

    Args:
        name: `"digits"`, the name of a data set of tensorflow-datasets, or the path of a folder.
        data_dir: Folder of prepared data sets, as in `load`. Defaults to `None`.

    Returns:
        A `Description`.

    Raises:
        ValueError: If there is no such data set, or it has no images.

    Example:

    >>> keras_ssl.data.describe("digits")
    Description(image_shape=(8, 8, 1), labelled=True)
    """
    if name == "digits":
        return Description((8, 8, 1), True)
    if is_folder(name):
        _, names = find_images(name)
        outermost = {inner.split(os.sep)[0] if os.sep in inner else None for inner in names}
        return Description((None, None, 3), None not in outermost and len(outermost) > 1)
    features = prepared_builder(name, data_dir).info.features
    shape = features["image"].shape if "image" in features else (None, None, 3)
    return Description(tuple(shape), "label" in features)


def is_folder(name):
    """Whether a name is the path of a folder rather than the name of a data set."""
    return name != "digits" and (os.sep in name or os.path.isdir(name))
