import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_choice, check_count, check_image_size
from keras_ssl.data.bit_depth import check_bit_depth
from keras_ssl.data.boxed_picture import pad_rows
from keras_ssl.data.cache import check_cache
from keras_ssl.data.coco import read_coco
from keras_ssl.data.decode import MAX_PIXELS
from keras_ssl.data.faults import Faults
from keras_ssl.data.files import files_key
from keras_ssl.data.image_files import file_decoder
from keras_ssl.data.load import IN_MEMORY
from keras_ssl.data.memory import in_memory
from keras_ssl.data.order import epoch_order
from keras_ssl.data.pascal_voc import read_pascal_voc
from keras_ssl.data.picture_dataset import picture_dataset
from keras_ssl.data.reader import image_reader
from keras_ssl.data.resize import scale_and_translation
from keras_ssl.data.splits import is_training_split
from keras_ssl.data.tfds_scenes import is_tfds_name, read_tfds_boxes
from keras_ssl.data.unreadable import find_unreadable


def boxes(
    path: str | os.PathLike[str],
    batch_size: int = 16,
    image_size: int | tuple[int, int] = (256, 256),
    *,
    split: str | None = None,
    images: str | os.PathLike[str] | None = None,
    classes: Sequence[str] | None = None,
    channels: int = 3,
    shuffle: bool | None = None,
    seed: int = 0,
    resize: str = "stretch",
    drop_remainder: bool | None = None,
    on_error: str = "raise",
    max_images: int | None = None,
    difficult: bool = True,
    max_pixels: int = MAX_PIXELS,
    orientation: str = "exif",
    bits: int | None = None,
    cache: str | None = "auto",
    cache_file: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    verbose: int = 0,
) -> tf.data.Dataset:
    """Make a data set of pictures with boxes, for detection, from files of Pascal VOC or COCO or by a name of TFDS.

    All annotations are read and checked now. A picture without an annotation has no objects. The annotations are of
    the picture as `orientation` gives it.

    Args:
        path: Path of a Pascal VOC folder, with `Annotations/*.xml` and `JPEGImages/`, or of a COCO `.json` file;
            or the name of a data set of tensorflow-datasets with the features `objects/bbox` and `objects/label`,
            which is kept in memory, with its own channels. Annotations of crowds are left out.
        batch_size: A positive integer. Defaults to 16.
        image_size: The (height, width) that all pictures get, or one integer. Defaults to (256, 256).
        split: Of a folder, the name of a list `ImageSets/Main/<split>.txt` or `splits/<split>.txt`. `None` takes all
            pictures. Of a name, a split of TFDS, `None` for "train". Defaults to `None`.
        images: Of a `.json` file, the folder of its pictures. `None` looks beside the file and above it. Defaults to
            `None`.
        classes: List of the names of the classes, in the order of their ids from 0 on. `None` takes those of the
            file in the order of their ids there, and of a folder the sorted names in all annotations, whatever the
            split. Defaults to `None`.
        channels: 3 for RGB or 1 for gray. Defaults to 3.
        shuffle: Boolean: whether each epoch has an order of its own, a function of `seed` and the epoch (see
            `set_epoch`). `None` shuffles splits for training, whose name does not begin with "test", "val", "dev" or
            "eval", and nothing where `split` is `None`. Defaults to `None`.
        seed: An integer. Defaults to 0.
        resize: `"stretch"` or `"pad"`; see `resize_images`. The boxes move with the picture. Defaults to
            `"stretch"`.
        drop_remainder: Boolean: whether the pictures that do not fill a last batch are left out. `None` leaves them
            out of a shuffled data set, unless it is smaller than one batch. Defaults to `None`.
        on_error: What to do about pictures and annotations that cannot be used. `"raise"` stops with an error that
            names the file. `"skip"` tries all files now, leaves out the bad ones, warns once and lists them in
            `skipped`. Defaults to `"raise"`.
        max_images: Integer: take so many of the pictures, chosen at random by `seed`. With the same seed a smaller
            choice is part of a larger one. Defaults to `None`, all.
        difficult: Boolean: whether objects are kept that Pascal VOC marks as difficult. Defaults to `True`.
        max_pixels: The largest height × width that is decoded. Defaults to 50 million.
        orientation: `"exif"` or `"ignore"`; see `decode_image`. Defaults to `"exif"`.
        bits: Integer from 8 to 16: how many bits files of 16 bits use; see `from_directory`. Defaults to `None`.
        cache: Whether decoded pictures are kept: `"auto"`, `"memory"`, `"disk"` or `"none"`; see `from_directory`.
            Defaults to `"auto"`.
        cache_file: Path of the file for `"disk"`. Defaults to `None`.
        data_dir: Folder of prepared data sets of TFDS; see `load`. Defaults to `None`.
        verbose: 1 to show how far it is while files are decoded. Defaults to 0.

    Returns:
        A `tf.data.Dataset` of `(images, {"boxes": …, "classes": …})`: images (batch, height, width, channels), uint8;
        boxes (batch, objects, 4), float32, (top, left, bottom, right) in relative coordinates from 0 to 1; classes
        (batch, objects), int32. `objects` is the largest number of any picture; rows without an object are -1. It has
        the attributes `class_names`, `epoch`, `file_paths`, `skipped` (dict from path to reason), `left_out` (dict
        from `"crowd"` or `"difficult"` to the number of objects) and `cached`.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If a box is outside its picture by more than a pixel or has no area, a class is unknown, a picture
            is missing, or an argument is not as described.
        tf.errors.InvalidArgumentError: If a picture cannot be decoded. The message names the file.

    Example:

    >>> pictures = keras_ssl.data.boxes("cells", batch_size=2, image_size=(96, 128))
    >>> pictures.class_names
    ['RBC', 'WBC']
    >>> pictures.element_spec[0].shape
    TensorShape([2, 96, 128, 3])
    """
    faults, cache, image_size = Faults(on_error), check_cache(cache, cache_file), check_image_size(image_size)
    check_choice("resize", resize, ("stretch", "pad"))
    if classes is not None and (isinstance(classes, str) or len(set(classes)) < len(classes) or not len(classes)):
        raise ValueError(f"`classes` must be a list of different names. Received: classes={classes!r}")
    classes = None if classes is None else list(classes)
    if shuffle is None:
        shuffle = split is not None and is_training_split(split)
    order = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed, "drop_remainder": drop_remainder}
    if is_tfds_name(path):
        pixels, found, class_names, left_out = read_tfds_boxes(
            os.fspath(path), split, data_dir, classes, image_size, resize, faults
        )
        faults.warn(len(found))
        rows = choose(list(range(len(found))), max_images, seed)
        found = [found[row] for row in rows]
        return in_memory(
            np.stack([pixels[row] for row in rows]),
            _targets(found, image_size, resize),
            **order,
            class_names=class_names,
            file_paths=[picture.path for picture in found],
            skipped=faults.skipped,
            left_out=left_out,
            cached=IN_MEMORY,
        )
    path = os.path.abspath(os.path.expanduser(path))
    if not os.path.exists(path):
        raise FileNotFoundError(f"`path` must be a folder or a .json file; there is none. Received: path={path!r}")
    if os.path.isdir(path):
        found, class_names, left_out = read_pascal_voc(path, split, classes, difficult, orientation, faults)
    elif split is not None:
        raise ValueError(f"A .json file has no splits: give the file of the split. Received: split={split!r}")
    else:
        found, class_names, left_out = read_coco(path, images, classes, orientation, faults)
    settings = {"channels": channels, "max_pixels": max_pixels, "orientation": orientation, "bits": bits}
    try_to_read = file_decoder([picture.path for picture in found], **settings, is_strict=not faults.skips)
    if faults.skips:
        bad = find_unreadable(tf.constant([os.fsencode(picture.path) for picture in found], tf.string), try_to_read)
        faults.skipped.update({found[index].path: reason for index, reason in bad.items()})
        found = [picture for index, picture in enumerate(found) if index not in bad]
    faults.warn(len(found))
    found = choose(found, max_images, seed)
    paths = [picture.path for picture in found]
    if bits is None:
        check_bit_depth(paths, channels)
    shape = (*image_size, channels)
    return picture_dataset(
        paths,
        _targets(found, image_size, resize),
        image_reader(paths, image_size, resize, **settings),
        try_to_read,
        shape=shape,
        cache=cache,
        cache_file=cache_file,
        key=lambda: files_key(path, paths, (*shape, resize, max_pixels, orientation, bits)),
        name=path,
        verbose=verbose,
        **order,
        class_names=class_names,
        skipped=faults.skipped,
        left_out=left_out,
    )


def _targets(pictures, image_size, resize):
    rows, classes = pad_rows(pictures)
    moved = move_boxes(rows, [picture.size for picture in pictures], image_size, resize)
    return {"boxes": moved, "classes": classes}


def move_boxes(boxes, sizes, image_size, resize):
    """Relative boxes (pictures, objects, 4) after `resize_images`; rows of -1 stay.

    Args:
        boxes: float32 array.
        sizes: The (height, width) of each picture.
        image_size: The (height, width) that all get.
        resize: `"stretch"` or `"pad"`.

    Returns:
        A float32 array.
    """
    scale, translation = (part.numpy() for part in scale_and_translation(sizes, image_size, resize))
    factor = (scale * sizes / image_size)[:, None, [0, 1, 0, 1]]
    offset = (translation / image_size)[:, None, [0, 1, 0, 1]]
    moved = (boxes * factor + offset).clip(0, 1).astype("float32")
    moved[boxes[..., 2] < 0] = -1
    return moved


def choose(items, most, seed):
    """Up to `most` items of a list, all where it is `None`, at random by `seed`, in their order."""
    if most is None:
        return items
    check_count("max_images", most)
    # The order of an epoch that never comes.
    order = epoch_order(len(items), True, tf.constant([seed, -1], tf.int64)).numpy()
    return [items[index] for index in sorted(order[:most])]
