import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_image_size
from keras_ssl.data.batches import with_attributes
from keras_ssl.data.bit_depth import check_bit_depth
from keras_ssl.data.boxes import choose
from keras_ssl.data.cache import check_cache
from keras_ssl.data.decode import MAX_PIXELS
from keras_ssl.data.faults import FaultError, Faults
from keras_ssl.data.files import files_key
from keras_ssl.data.image_files import file_decoder
from keras_ssl.data.load import IN_MEMORY
from keras_ssl.data.mask_file import read_mask
from keras_ssl.data.memory import in_memory
from keras_ssl.data.pascal_voc import by_stem
from keras_ssl.data.picture_dataset import picture_dataset
from keras_ssl.data.picture_size import picture_size
from keras_ssl.data.reader import image_reader
from keras_ssl.data.resize import check_resize
from keras_ssl.data.resize_masks import resize_mask
from keras_ssl.data.splits import is_training_split
from keras_ssl.data.tfds_scenes import is_tfds_name, read_tfds_masks
from keras_ssl.data.unreadable import find_unreadable


def masks(
    images: str | os.PathLike[str],
    masks: str | os.PathLike[str] | None = None,
    batch_size: int = 16,
    image_size: int | tuple[int, int] = (256, 256),
    *,
    split: str | None = None,
    class_names: Sequence[str] | None = None,
    ignore_class: int = 255,
    channels: int = 3,
    shuffle: bool | None = None,
    seed: int = 0,
    resize: str = "stretch",
    drop_remainder: bool | None = None,
    on_error: str = "raise",
    max_images: int | None = None,
    max_pixels: int = MAX_PIXELS,
    orientation: str = "exif",
    bits: int | None = None,
    cache: str | None = "auto",
    cache_file: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    verbose: int = 0,
) -> tf.data.Dataset:
    """Make a data set of pictures with masks, for segmentation, from two folders or by a name of TFDS.

    A picture and its mask have the same name without the ending, such as `7.jpg` and `7.png`. All masks are read and
    checked now. A mask has the size of the picture as `orientation` gives it.

    Args:
        images: Path of the folder of the pictures. With `split`, of the folder that has `<split>/images` and
            `<split>/masks`. Or the name of a data set of tensorflow-datasets with the feature `segmentation_mask`,
            which is kept in memory.
        masks: Path of the folder of the masks: PNG files whose gray levels, or whose indices into the palette, are
            the ids of classes. `None` with `split`. Defaults to `None`.
        batch_size: A positive integer. Defaults to 16.
        image_size: The (height, width) that all pictures and masks get, or one integer. Defaults to (256, 256).
        split: Name of a subfolder or of a split of TFDS, or `None`. Defaults to `None`.
        class_names: List of the names of the classes, in the order of their ids from 0 on. `None` names them by
            their numbers, up to the largest that is found. Defaults to `None`.
        ignore_class: Integer from 0 to 255: the id of pixels whose class is not known. It needs no name, and is the
            id of the bars of `resize="pad"`. Defaults to 255, as in Pascal VOC.
        channels: 3 for RGB or 1 for gray. Defaults to 3.
        shuffle: Boolean: whether each epoch has an order of its own, a function of `seed` and the epoch (see
            `set_epoch`). `None` shuffles splits for training, whose name does not begin with "test", "val", "dev" or
            "eval", and nothing where `split` is `None`. Defaults to `None`.
        seed: An integer. Defaults to 0.
        resize: `"stretch"`, `"crop"` or `"pad"`; see `resize_images`. Masks are resized by nearest neighbor, with the
            same geometry. Defaults to `"stretch"`.
        drop_remainder: Boolean: whether the pictures that do not fill a last batch are left out. `None` leaves them
            out of a shuffled data set, unless it is smaller than one batch. Defaults to `None`.
        on_error: What to do about pictures and masks that cannot be used. `"raise"` stops with an error that names
            the file. `"skip"` tries all files now, leaves out the bad ones, warns once and lists them in `skipped`.
            Defaults to `"raise"`.
        max_images: Integer: take so many of the pictures, chosen at random by `seed`. With the same seed a smaller
            choice is part of a larger one. Defaults to `None`, all.
        max_pixels: The largest height × width that is decoded. Defaults to 50 million.
        orientation: `"exif"` or `"ignore"`; see `decode_image`. Defaults to `"exif"`.
        bits: Integer from 8 to 16: how many bits files of 16 bits use; see `from_directory`. Defaults to `None`.
        cache: Whether decoded pictures and masks are kept: `"auto"`, `"memory"`, `"disk"` or `"none"`; see
            `from_directory`. Defaults to `"auto"`.
        cache_file: Path of the file for `"disk"`. Defaults to `None`.
        data_dir: Folder of prepared data sets of TFDS; see `load`. Defaults to `None`.
        verbose: 1 to show how far it is while files are decoded. Defaults to 0.

    Returns:
        A `tf.data.Dataset` of `(images, masks)`: images (batch, height, width, channels), uint8, and masks (batch,
        height, width) of class ids, uint8. It has the attributes `class_names`, `ignore_class`, `epoch`,
        `file_paths`, `skipped` (dict from path to reason) and `cached`.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If a picture or a mask has no counterpart, a mask has another size than its picture or unknown
            ids, or an argument is not as described.
        tf.errors.InvalidArgumentError: If a picture cannot be decoded. The message names the file.

    Example:

    >>> pictures = keras_ssl.data.masks("streets", split="train", batch_size=2, image_size=(60, 80))
    >>> pictures.element_spec[1].shape
    TensorShape([2, 60, 80])
    """
    faults, cache, image_size = Faults(on_error), check_cache(cache, cache_file), check_image_size(image_size)
    check_resize(resize)
    if isinstance(ignore_class, bool) or not isinstance(ignore_class, int) or not 0 <= ignore_class <= 255:
        raise ValueError(f"`ignore_class` must be an integer from 0 to 255. Received: ignore_class={ignore_class!r}")
    if class_names is not None and (isinstance(class_names, str) or not 0 < len(class_names) < 256):
        raise ValueError(f"`class_names` must be a list of 1 to 255 names. Received: class_names={class_names!r}")
    if (masks is None) == (split is None):
        raise ValueError(
            "Give the folders of the pictures and of the masks, or one folder and the `split` in it. "
            f"Received: masks={masks!r}, split={split!r}"
        )
    if shuffle is None:
        shuffle = split is not None and is_training_split(split)
    order = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed, "drop_remainder": drop_remainder}
    if split is not None and is_tfds_name(images):
        pixels, ids, paths, largest_id = read_tfds_masks(
            os.fspath(images), split, data_dir, class_names, ignore_class, image_size, resize, faults
        )
        faults.warn(len(paths))
        rows = choose(list(range(len(paths))), max_images, seed)
        return in_memory(
            np.stack([pixels[row] for row in rows]),
            np.stack([ids[row] for row in rows]),
            **order,
            class_names=[*map(str, range(largest_id + 1))] if class_names is None else list(class_names),
            ignore_class=ignore_class,
            file_paths=[paths[row] for row in rows],
            skipped=faults.skipped,
            cached=IN_MEMORY,
        )
    if split is not None:
        images, masks = (os.path.join(images, split, part) for part in ("images", "masks"))
    picture_folder, mask_folder = (os.path.abspath(os.path.expanduser(folder)) for folder in (images, masks))
    for folder in (picture_folder, mask_folder):
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"There is no such folder. Received: {folder!r}")
    known = None if class_names is None else {*range(len(class_names)), ignore_class}
    found, largest = _pairs(picture_folder, mask_folder, known, orientation, faults)
    settings = {"channels": channels, "max_pixels": max_pixels, "orientation": orientation, "bits": bits}
    try_to_read = file_decoder(list(found), **settings, is_strict=not faults.skips)
    if faults.skips:
        bad = find_unreadable(tf.constant([os.fsencode(path) for path in found], tf.string), try_to_read)
        paths = list(found)
        faults.skipped.update({paths[index]: reason for index, reason in bad.items()})
        found = {path: mask for path, mask in found.items() if path not in faults.skipped}
    faults.warn(len(found))
    paths = choose(list(found), max_images, seed)
    if bits is None:
        check_bit_depth(paths, channels)
    if class_names is None:
        # Across the pictures that are not chosen, too.
        class_names = [str(number) for number in range(max(largest.get(path, 0) for path in found) + 1)]
    read = image_reader(paths, image_size, resize, **settings)

    def read_both(path):
        mask = resize_mask(_mask_of(path, found), image_size, resize, ignore_class)
        # As one more channel, it is cached and ordered as the picture is.
        return tf.concat([read(path), mask[..., None]], axis=-1)

    def try_both(path):
        with tf.control_dependencies([try_to_read(path)]):
            return _mask_of(path, found)

    shape = (*image_size, channels + 1)
    files = [file for path in paths for file in (path, found[path])]
    both = picture_dataset(
        paths,
        None,
        read_both,
        try_both,
        shape=shape,
        cache=cache,
        cache_file=cache_file,
        key=lambda: files_key(picture_folder, files, (*shape, resize, ignore_class, max_pixels, orientation, bits)),
        name=str(images),
        verbose=verbose,
        **order,
        class_names=list(class_names),
        ignore_class=ignore_class,
        skipped=faults.skipped,
    )
    return with_attributes(both.map(lambda pixels: (pixels[..., :-1], pixels[..., -1])), both)


def _pairs(picture_folder, mask_folder, known, orientation, faults):
    """Dict from the path of each picture to that of its mask, and from the former to the largest id."""
    pictures, mask_files = by_stem(picture_folder), by_stem(mask_folder, (".png",))
    found, largest = {}, {}
    for stem in sorted({*pictures, *mask_files}):
        picture, mask = pictures.get(stem), mask_files.get(stem)
        with faults.of(mask or picture):
            if mask is None:
                raise FaultError(f"The picture has no mask in {mask_folder}. Received: no {stem}.png")
            if picture is None:
                raise FaultError(f"The mask has no picture in {picture_folder}. Received: no {stem}.*")
            ids, size = read_mask(mask), picture_size(picture, orientation)
            if ids.shape != tuple(size):
                raise FaultError(
                    "A mask must have the size of its picture; if that is turned by its EXIF tag, try "
                    f"orientation='ignore'. Received: a mask of {ids.shape}, a picture of {tuple(size)}"
                )
            present = np.flatnonzero(np.bincount(ids.ravel(), minlength=256)).tolist()
            unknown = [] if known is None else sorted(set(present) - known)
            if unknown:
                raise FaultError(
                    "A mask holds ids that no class has: name all classes, or say by `ignore_class` which id means "
                    f"unknown. Received: ids {unknown}"
                )
            found[picture] = mask
            # 255 is no class even where another id is ignored.
            largest[picture] = max((number for number in present if number < 255), default=0)
    return found, largest


def _mask_of(path, mask_of):
    """The mask of a picture, uint8 (height, width)."""

    def read(path):
        try:
            return read_mask(mask_of[os.fsdecode(np.asarray(path).item())]), b""
        except FaultError as error:
            return np.zeros((1, 1), np.uint8), str(error).encode()

    mask, problem = tf.numpy_function(read, [path], (tf.uint8, tf.string))
    with tf.control_dependencies([tf.debugging.Assert(tf.strings.length(problem) == 0, [problem])]):
        return tf.ensure_shape(mask, (None, None))
