import os
from xml.etree import ElementTree

import numpy as np

from keras_ssl.data.boxed_picture import BoxedPicture, check_said_size, class_index, relative_box
from keras_ssl.data.faults import FaultError
from keras_ssl.data.files import EXTENSIONS
from keras_ssl.data.picture_size import picture_size

_ANNOTATIONS, _PICTURES = ("Annotations", "annotations"), ("JPEGImages", "images")
_SPLITS = (os.path.join("ImageSets", "Main"), "splits")


def read_pascal_voc(folder, split, classes, difficult, orientation, faults):
    """Read a folder of Pascal VOC (Everingham et al. 2010, http://host.robots.ox.ac.uk/pascal/VOC).

    Its pixels are counted from 1, and a box includes its last row and column. So the edges of a box lie at xmin - 1
    and xmax pixels from the left, as in detectron2
    (https://github.com/facebookresearch/detectron2/blob/main/detectron2/data/datasets/pascal_voc.py); a box from 1 to
    the width is as wide as the picture. One from 0, as some programs write, is within the slack of a pixel.

    Args:
        folder: Path of a folder with `Annotations/*.xml` and `JPEGImages/`.
        split: Name of a file `ImageSets/Main/<split>.txt` or `splits/<split>.txt`, or `None` for all pictures.
        classes: List of names, or `None` for the sorted names in all annotations.
        difficult: Boolean: whether objects that are marked as difficult are kept.
        orientation: See `decode_image`.
        faults: A `Faults`.

    Returns:
        A list of `BoxedPicture`, the class names, and a dict of what was left out: `"difficult"` and a count.
    """
    annotation_folder, picture_folder = _inside(folder, _ANNOTATIONS), _inside(folder, _PICTURES)
    annotations = {
        os.path.splitext(name)[0]: os.path.join(annotation_folder, name)
        for name in sorted(os.listdir(annotation_folder))
        if name.lower().endswith(".xml") and not name.startswith(".")
    }
    pictures = by_stem(picture_folder)
    roots = {}
    for stem, path in annotations.items():
        with faults.of(path):
            roots[stem] = _parse(path)
    if classes is None:
        classes = sorted({_name(item) for root in roots.values() for item in root.iter("object") if _name(item)})
    found, left_out = [], 0
    for stem in sorted({*annotations, *pictures}) if split is None else _names_of(folder, split):
        annotation = annotations.get(stem)
        with faults.of(annotation or pictures.get(stem) or os.path.join(picture_folder, stem)):
            if annotation in faults.skipped:
                continue
            if stem not in pictures:
                raise FaultError(f"There is no picture of this name in {picture_folder}. Received: {stem!r}")
            size = picture_size(pictures[stem], orientation)
            items = []
            if annotation is not None:
                said = tuple(_number(roots[stem], f"size/{side}", default=0) for side in ("height", "width"))
                check_said_size(said, size)
                items = roots[stem].findall("object")
            kept = [item for item in items if difficult or item.findtext("difficult", "0").strip() != "1"]
            indices = [class_index(_name(item), classes) for item in kept]
            boxes = np.array([relative_box(_pixels(item), size, _name(item)) for item in kept], np.float32)
            found.append(BoxedPicture(pictures[stem], size, boxes, indices))
            left_out += len(items) - len(kept)
    return found, list(classes), {"difficult": left_out}


def by_stem(folder, endings=EXTENSIONS):
    """Dict from the stem of each image file in a folder to its path. Raises a ValueError where two have one stem."""
    found = {}
    for name in sorted(os.listdir(folder)):
        stem, ending = os.path.splitext(name)
        if ending.lower() not in endings or name.startswith("."):
            continue
        if stem in found:
            raise ValueError(
                "Files belong together by their names without the ending, so no two in a folder may have the same: "
                f"rename or delete one. Received: {found[stem]!r} and {name!r}"
            )
        found[stem] = os.path.join(folder, name)
    return found


class _WithoutDoctype(ElementTree.TreeBuilder):
    """Refuses document types: only there entities can be declared, which expand to any size or name other files."""

    def doctype(self, name, pubid, system):
        raise FaultError(f"The XML has a document type, which annotations do not need: delete it. Received: {name!r}")


def _parse(path):
    try:
        return ElementTree.parse(path, ElementTree.XMLParser(target=_WithoutDoctype())).getroot()
    except ElementTree.ParseError as error:
        raise FaultError(f"This is no XML. Received: {error}") from None


def _inside(folder, names):
    for name in names:
        if os.path.isdir(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise ValueError(
        f"A folder of Pascal VOC has the folders {_ANNOTATIONS[0]} and {_PICTURES[0]}; for COCO give the .json file. "
        f"Received: path={folder!r} without {names[0]}"
    )


def _names_of(folder, split):
    for place in _SPLITS:
        path = os.path.join(folder, place, f"{split}.txt")
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                # Lists of one class have 1, 0 or -1 behind the name: whether it is there, or difficult.
                return sorted({line.split()[0] for line in file if line.strip()})
    listed = sorted(
        name[:-4]
        for place in _SPLITS
        if os.path.isdir(os.path.join(folder, place))
        for name in os.listdir(os.path.join(folder, place))
        if name.endswith(".txt")
    )
    raise ValueError(f"`split` must be one of {listed}, or None for all pictures. Received: split={split!r}")


def _name(item):
    return item.findtext("name", "").strip()


def _pixels(item):
    left, top, right, bottom = (_number(item, f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax"))
    return top - 1, left - 1, bottom, right


def _number(item, path, default=None):
    text = item.findtext(path)
    if text is None and default is not None:
        return default
    try:
        return float(text)
    except (TypeError, ValueError):
        raise FaultError(f"<{path}> must be a number. Received: {text!r}") from None
