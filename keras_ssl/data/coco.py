import json
import os

import numpy as np

from keras_ssl.data.boxed_picture import BoxedPicture, check_said_size, class_index, relative_box
from keras_ssl.data.faults import FaultError
from keras_ssl.data.picture_size import picture_size


def read_coco(path, images, classes, orientation, faults):
    """Read a JSON file of COCO (Lin et al. 2014, https://cocodataset.org/#format-data).

    Its boxes are (left, top, width, height) in pixels from the top left corner. Annotations of crowds are left out.

    Args:
        path: Path of the JSON file.
        images: Path of the folder of the pictures, or `None` to look for it near the file.
        classes: List of names, or `None` for the names of the file's categories in the order of their ids.
        orientation: See `decode_image`.
        faults: A `Faults`.

    Returns:
        A list of `BoxedPicture`, the class names, and a dict of what was left out: `"crowd"` and a count.
    """
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        names = {category["id"]: str(category["name"]) for category in content["categories"]}
        entries = {entry["id"]: entry for entry in content["images"]}
        objects = content["annotations"]
        files = {key: os.path.normpath(entry["file_name"]) for key, entry in entries.items()}
        image_ids = [item["image_id"] for item in objects]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            "A COCO file is JSON with lists 'images', 'annotations' and 'categories', as https://cocodataset.org "
            f"describes them. Received: {path!r} ({type(error).__name__}: {error})"
        ) from None
    classes = [names[key] for key in sorted(names)] if classes is None else classes
    folder = _picture_folder(path, images, files)
    by_image = {key: [] for key in entries}
    left_out = 0
    for item, image_id in zip(objects, image_ids, strict=True):
        with faults.of(f"{path}#{item.get('id')}"):
            if image_id not in by_image:
                raise FaultError(f"An annotation belongs to no picture of the file. Received: image_id={image_id!r}")
            if item.get("iscrowd"):
                left_out += 1
            else:
                by_image[image_id].append(item)
    found = []
    for key in sorted(entries, key=files.get):
        picture = os.path.join(folder, files[key])
        with faults.of(picture):
            size = picture_size(picture, orientation)
            check_said_size((entries[key].get("height"), entries[key].get("width")), size)
            indices = [class_index(names.get(item.get("category_id"), "?"), classes) for item in by_image[key]]
            boxes = [
                relative_box(_edges(item), size, classes[index])
                for item, index in zip(by_image[key], indices, strict=True)
            ]
            found.append(BoxedPicture(picture, size, np.array(boxes, np.float32), indices))
    return found, list(classes), {"crowd": left_out}


def _edges(item):
    try:
        left, top, width, height = (float(number) for number in item["bbox"])
    except (KeyError, TypeError, ValueError):
        raise FaultError(
            f"'bbox' must be four numbers (left, top, width, height). Received: {item.get('bbox')!r}"
        ) from None
    return top, left, top + height, left + width


def _picture_folder(path, images, files):
    """Where the pictures are: the folder in which the first file lies."""
    if images is not None:
        return os.path.abspath(os.path.expanduser(images))
    beside, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
    # As in COCO's annotations/instances_train2017.json and train2017/.
    split = stem.rsplit("_", 1)[-1]
    parts = ("", "images", stem, split, os.path.join("images", split))
    tried = [os.path.join(folder, part) for folder in (beside, os.path.dirname(beside)) for part in parts]
    some = list(files.values())[:100]
    for folder in tried:
        if any(os.path.isfile(os.path.join(folder, name)) for name in some):
            return folder
    raise ValueError(
        "The pictures of a COCO file were not found near it: give their folder by `images`. "
        f"Received: path={path!r}, with pictures such as {some[:1]}"
    )
