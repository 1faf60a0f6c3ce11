from typing import Any, NamedTuple

import numpy as np

from keras_ssl.data.faults import FaultError

# What is rounded, or counted from 0 instead of 1, is a pixel off.
SLACK = 1.0


class BoxedPicture(NamedTuple):
    """A picture with its objects.

    Attributes:
        path: Path of the image file.
        size: Its (height, width) in pixels.
        boxes: float32 array (objects, 4): (top, left, bottom, right), relative, in [0, 1].
        classes: List of the index of the class of each object.
    """

    path: str
    size: tuple[int, int]
    boxes: Any
    classes: list[int]


def relative_box(box, size, name):
    """Convert a box from pixels to relative coordinates.

    Args:
        box: Numbers (top, left, bottom, right), in pixels from the top left corner of the picture.
        size: The (height, width) of the picture.
        name: String, what the object is, for errors.

    Returns:
        Tuple of four floats in [0, 1]. What is outside by a pixel at most is cut off.

    Raises:
        FaultError: If the box is farther outside, or has no area, or a coordinate is no finite number.
    """
    box, limit = np.array(box, np.float64), np.array([*size, *size], np.float64)
    received = f"Received: (top, left, bottom, right)={box.tolist()} of {name!r}, (height, width)={tuple(size)}"
    if not np.isfinite(box).all():
        raise FaultError(f"A coordinate is no number. {received}")
    if (box < -SLACK).any() or (box > limit + SLACK).any():
        raise FaultError(f"A box is outside the picture. {received}")
    box = np.clip(box, 0, limit)
    if (box[2:] <= box[:2]).any():
        raise FaultError(
            f"A box has no area: its bottom must be below its top, its right behind its left. {received}"
        )
    return tuple(box / limit)


def check_said_size(said, size):
    """Raises a `FaultError` if the (height, width) in an annotation is known, and not that of the picture."""
    # Some programs leave the size out, or write zeros.
    if all(said) and tuple(said) != tuple(size):
        raise FaultError(
            "The picture has another size than its annotation says; if it is turned by its EXIF tag, the boxes may "
            f"belong to the stored pixels: orientation='ignore'. Received: {said}, and a picture of {tuple(size)}"
        )


def class_index(name, class_names):
    """Position of a class in the list of names. Raises a `FaultError` if it is unknown."""
    if name not in class_names:
        raise FaultError(f"A class is unknown; known are {', '.join(class_names)}. Received: class {name!r}")
    return class_names.index(name)


def pad_rows(pictures):
    """The objects of all pictures in arrays of one size.

    Args:
        pictures: List of `BoxedPicture`.

    Returns:
        float32 array (pictures, objects, 4) and int32 array (pictures, objects); rows without an object are -1.
    """
    most = max([1, *(len(picture.classes) for picture in pictures)])
    boxes = np.full((len(pictures), most, 4), -1, np.float32)
    classes = np.full((len(pictures), most), -1, np.int32)
    for row, picture in enumerate(pictures):
        boxes[row, : len(picture.classes)] = np.reshape(picture.boxes, (-1, 4))
        classes[row, : len(picture.classes)] = picture.classes
    return boxes, classes
