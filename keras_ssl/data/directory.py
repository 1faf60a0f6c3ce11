import os
import warnings

import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_image_size
from keras_ssl.data.bit_depth import check_bit_depth
from keras_ssl.data.cache import check_cache
from keras_ssl.data.decode import MAX_PIXELS
from keras_ssl.data.files import files_key, find_images, in_subset, label_by_folder
from keras_ssl.data.image_files import file_decoder
from keras_ssl.data.memoize import memoized
from keras_ssl.data.picture_dataset import picture_dataset
from keras_ssl.data.reader import image_reader
from keras_ssl.data.resize import check_resize
from keras_ssl.data.unreadable import TRIED_AT_ONCE, find_unreadable
from keras_ssl.progress import Stage


def from_directory(
    path: str | os.PathLike[str],
    batch_size: int = 256,
    image_size: int | tuple[int, int] = (224, 224),
    *,
    channels: int = 3,
    labels: bool = False,
    subset: str | None = None,
    shuffle: bool | None = None,
    seed: int = 0,
    resize: str = "stretch",
    drop_remainder: bool | None = None,
    on_error: str = "raise",
    max_pixels: int = MAX_PIXELS,
    orientation: str = "exif",
    bits: int | None = None,
    cache: str | None = None,
    cache_file: str | os.PathLike[str] | None = None,
    verbose: int = 0,
) -> tf.data.Dataset:
    """Make a data set of the image files in a folder and its subfolders.

    Files are read and decoded as they are needed, or once with `cache`. Hidden files are left
    out, links are followed. Images are turned upright, as in an exported encoder.

    Args:
        path: Path of a folder, with or without subfolders, holding PNG, JPEG, GIF, BMP or WebP files; TIFF files too
            where `pip install "keras_ssl[tiff]"` was run, and DICOM files where `"keras_ssl[dicom]"` was. Of these
            each must hold one image. DICOM is shown by its window, or else by the bits that it stores.
        batch_size: A positive integer. Defaults to 256.
        image_size: The (height, width) that all images get, or one integer. Defaults to (224, 224).
        channels: 3 for RGB or 1 for gray; another number for TIFF files that all have so many. Defaults to 3.
        labels: Boolean: whether each image comes with a label (int32), the index of its first-level subfolder in
            the sorted list of these. Defaults to `False`.
        subset: `"test"` for about a fifth of the files, `"train"` for the others, `None` for all. Which ones is
            decided by their names alone, so it stays as files are added. Defaults to `None`.
        shuffle: Boolean: whether each epoch has an order of its own, a function of `seed` and the epoch (see
            `set_epoch`). `None` shuffles where there are no labels, since that is training. Defaults to `None`.
        seed: An integer. Defaults to 0.
        resize: `"stretch"`, `"crop"` or `"pad"`; see `resize_images`. Defaults to `"stretch"`.
        drop_remainder: Boolean: whether the images that do not fill a last batch are left out. `None` leaves
            them out of a shuffled data set, unless it is smaller than one batch. Defaults to `None`.
        on_error: What to do about files that cannot be read. `"raise"` stops at the first one, when it is its
            turn, with an error that names it. `"skip"` tries all files now, which takes about as long as one
            epoch, leaves out the bad ones, warns once and lists them in `skipped`; so the length, the order and
            the labels are known before training. A file that goes bad later still stops it. Defaults to
            `"raise"`.
        max_pixels: The largest height × width that is decoded. Defaults to 50 million.
        orientation: `"exif"` or `"ignore"`; see `decode_image`. Defaults to `"exif"`.
        bits: Integer from 8 to 16. How many bits the files of 16 bits use, where they do not say so themselves (as
            PNG files may in their chunk sBIT), such as 12 for values up to 4095. `None`: all 16; a folder that would
            come out nearly black raises an error with the largest value in its files, and single dark files among
            bright ones, as far as a sample shows them, a warning. Defaults to `None`.
        cache: Whether decoded pictures are kept, at `image_size`, so that they are decoded once. `"auto"` keeps them
            in memory where they take at most a quarter of what is free, `"memory"` wherever they fit, `"disk"` in
            `cache_file` where they take more than that quarter; `"none"`, `None` and `False` decode them in each
            epoch. What is kept is decoded now, and feeds as fast as arrays do. Defaults to
            `None`.
        cache_file: Path of the file for `"disk"`. It is used again while the files of the folder, their sizes, their
            times and the settings are the same, and written anew otherwise. Defaults to `None`.
        verbose: 1 to show how far it is while files are decoded to be kept, or tried: a bar, or a line where the
            output is no terminal. Defaults to 0.

    Returns:
        A `tf.data.Dataset` of `images` (batch, height, width, channels), uint8, or `(images, labels)`, of known
        length, with the attributes `epoch`, `class_names` (list, or `None` without labels), `file_paths` (in the
        order of an unshuffled data set), `skipped` (dict from path to reason) and `cached` (its `kind` and the
        `reason`).

    Raises:
        FileNotFoundError, NotADirectoryError: If `path` is no folder.
        ImportError: If there are TIFF or DICOM files and what reads them is not installed, with the command.
        ValueError: If there are no images, 16 bits of them would come out nearly black, or an argument is not as
            described.
        tf.errors.InvalidArgumentError: In an iteration, or now with a cache, if a file cannot be read. Its message
            names the file.
        OSError: If the disk has no room for `cache_file`.

    Example:

    >>> dataset = keras_ssl.data.from_directory("photos", batch_size=64, image_size=(96, 96))
    >>> dataset.element_spec.shape
    TensorShape([64, 96, 96, 3])
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"`on_error` must be 'raise' or 'skip'. Received: on_error={on_error!r}")
    cache = check_cache(cache, cache_file)
    folder, names = find_images(path)
    if subset is not None:
        names = in_subset(names, subset)
    classes, class_names = label_by_folder(folder, names) if labels else (None, None)
    paths = [os.path.join(folder, name) for name in names]

    image_size = check_image_size(image_size)
    check_resize(resize)
    settings = {"channels": channels, "max_pixels": max_pixels, "orientation": orientation, "bits": bits}
    try_to_read = file_decoder(paths, **settings, is_strict=on_error == "raise")

    skipped = {}
    if on_error == "skip":
        paths, classes, skipped = _leave_out_unreadable(path, paths, classes, try_to_read, settings, verbose)
    if bits is None:
        memoized(("dark", channels, *paths), lambda: check_bit_depth(paths, channels))
    shuffle = not labels if shuffle is None else shuffle
    read = image_reader(paths, image_size, resize, **settings)
    shape = (*image_size, channels)
    settings_key = (*shape, resize, max_pixels, orientation, bits)
    return picture_dataset(
        paths,
        None if classes is None else np.array(classes, np.int32),
        read,
        try_to_read,
        shape=shape,
        cache=cache,
        cache_file=cache_file,
        key=lambda: files_key(folder, paths, settings_key),
        name=path,
        verbose=verbose,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        drop_remainder=drop_remainder,
        class_names=class_names,
        skipped=skipped,
    )


def _leave_out_unreadable(folder, paths, classes, read, settings, verbose):
    key = ("unreadable", *paths, *settings.values())
    skipped = memoized(key, lambda: _find_and_warn(folder, paths, read, verbose))
    good = [index for index, path in enumerate(paths) if path not in skipped]
    classes = None if classes is None else [classes[index] for index in good]
    return [paths[index] for index in good], classes, skipped


def _find_and_warn(folder, paths, read, verbose):
    with Stage(f"trying the files of {folder}", -(-len(paths) // TRIED_AT_ONCE), verbose=verbose) as stage:
        bad = find_unreadable(tf.constant([os.fsencode(path) for path in paths]), read, stage.advance)
    skipped = {paths[index]: reason for index, reason in bad.items()}
    if not skipped:
        return skipped
    first, reason = next(iter(skipped.items()))
    if len(skipped) == len(paths):
        raise ValueError(f"None of {len(paths)} image files can be read. The first is {first!r}: {reason}")
    warnings.warn(
        f"Skipped {len(skipped)} of {len(paths)} image files that cannot be read. All are listed in the data "
        f"set's `skipped`; the first is {first!r}: {reason}",
        stacklevel=5,
    )
    return skipped
