import os

import numpy as np

from keras_ssl.data.boxed_picture import BoxedPicture, class_index, relative_box
from keras_ssl.data.cache import choose_cache
from keras_ssl.data.faults import FaultError
from keras_ssl.data.resize import resize_images
from keras_ssl.data.resize_masks import resize_mask
from keras_ssl.data.tfds import prepared_builder


def is_tfds_name(path):
    """Whether a path is rather the name of a data set of tensorflow-datasets: there is no such file."""
    name = os.fspath(path)
    return not os.path.exists(name) and not os.path.splitext(name)[1] and name[:1] not in ("/", "~", ".")


def read_tfds_boxes(name, split, data_dir, classes, image_size, resize, faults):
    """Reads pictures with the features `objects/bbox` and `objects/label` of TFDS, crowds left out.

    Returns:
        uint8 array of images, a list of `BoxedPicture` whose paths say the split and the row, the class names, and a
        dict of what was left out.
    """
    builder = _builder(name, data_dir, "objects", "an object detection feature")
    feature = builder.info.features["objects"]
    try:
        names = feature["label"].names
        feature["bbox"]
    except (KeyError, TypeError, AttributeError):
        raise ValueError(
            f"The feature 'objects' needs 'bbox' and 'label'. Received: name={name!r} with {feature}"
        ) from None
    class_names = list(names) if classes is None else classes
    pictures, found, left_out = [], [], 0
    for path, row in _rows(builder, split, image_size):
        with faults.of(path):
            objects = row["objects"]
            crowd = objects.get("is_crowd", np.zeros(len(objects["label"]), bool))
            size = row["image"].shape[:2]
            kept = [index for index, is_crowd in enumerate(crowd) if not is_crowd]
            labels = [names[objects["label"][index]] for index in kept]
            indices = [class_index(label, class_names) for label in labels]
            # TFDS' boxes are (ymin, xmin, ymax, xmax), relative.
            edges = [np.multiply(objects["bbox"][index], [*size, *size]) for index in kept]
            rows = [relative_box(edge, size, label) for edge, label in zip(edges, labels, strict=True)]
            found.append(BoxedPicture(path, size, np.array(rows, np.float32), indices))
            pictures.append(resize_images(row["image"][None], image_size, resize)[0].numpy())
            left_out += int(np.sum(crowd))
    return pictures, found, class_names, {"crowd": left_out}


def read_tfds_masks(name, split, data_dir, class_names, ignore_class, image_size, resize, faults):
    """Reads pictures with the feature `segmentation_mask` of TFDS.

    Returns:
        A list of images, one of masks, one of paths that say the split and the row, and the largest id.
    """
    builder = _builder(name, data_dir, "segmentation_mask", "a segmentation feature")
    known = None if class_names is None else {*range(len(class_names)), ignore_class}
    pictures, found, paths, largest = [], [], [], 0
    for path, row in _rows(builder, split, image_size):
        with faults.of(path):
            ids = row["segmentation_mask"][..., 0]
            if ids.shape != row["image"].shape[:2]:
                raise FaultError(
                    f"A mask must have the size of its picture. Received: {ids.shape}, {row['image'].shape}"
                )
            present = np.unique(ids).tolist()
            if known is not None and set(present) - known:
                raise FaultError(f"A mask holds ids that no class has. Received: ids {sorted(set(present) - known)}")
            pictures.append(resize_images(row["image"][None], image_size, resize)[0].numpy())
            found.append(resize_mask(ids.astype(np.uint8), image_size, resize, ignore_class).numpy())
            paths.append(path)
            largest = max([largest, *(number for number in present if number < 255)])
    return pictures, found, paths, largest


def _builder(name, data_dir, key, words):
    builder = prepared_builder(name, data_dir)
    if key not in builder.info.features or "image" not in builder.info.features:
        raise ValueError(
            f"The data set must have {words} {key!r} beside 'image'. "
            f"Received: name={name!r} with the features {sorted(builder.info.features)}"
        )
    return builder


def _rows(builder, split, image_size):
    split = "train" if split is None else split
    try:
        count = builder.info.splits[split].num_examples
    except ValueError:
        raise ValueError(
            f"`split` must be one of {sorted(builder.info.splits)} or a slice of one. Received: split={split!r}"
        ) from None
    choose_cache("memory", count, (*image_size, builder.info.features["image"].shape[-1]))
    for row, example in enumerate(builder.as_dataset(split=split, shuffle_files=False).as_numpy_iterator()):
        yield f"{builder.name} {split} {row}", example
