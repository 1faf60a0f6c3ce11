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

    Files are read and decoded when they are needed, or once with `cache`. Hidden files are left out, links are
    followed. Images are turned upright, as in an exported encoder.

    Args:
        path: Path of a folder, with or without subfolders, of PNG, JPEG, GIF, BMP or WebP files. Also of TIFF files
            after `pip install "keras_ssl[tiff]"`, and of DICOM files after `"keras_ssl[dicom]"`; each of these must
            hold one image. DICOM values are mapped by the file's window, or else by the bits that it stores.
        batch_size: Positive integer. Defaults to `256`.
        image_size: Tuple `(height, width)` of all images, or one integer for a square. Defaults to `(224, 224)`.
        channels: Integer. 3 for RGB or 1 for gray. Another number only for TIFF files that all have as many. Defaults
            to `3`.
        labels: Boolean. Whether each image comes with a label (int32), the index of its first-level subfolder in the
            sorted list of these. Defaults to `False`.
        subset: `"test"` for about a fifth of the files, `"train"` for the others, `None` for all. The choice depends
            on the file names alone, so it stays the same when files are added. Defaults to `None`.
        shuffle: Boolean. Whether each epoch has an order of its own, a function of `seed` and the epoch (see
            `set_epoch`). `None` shuffles if there are no labels, as for training. Defaults to `None`.
        seed: Integer. Defaults to `0`.
        resize: `"stretch"`, `"crop"` or `"pad"`; see `resize_images`. Defaults to `"stretch"`.
        drop_remainder: Boolean. Whether to leave out the images that do not fill a last batch. `None` leaves them
            out of a shuffled data set, unless it is smaller than one batch. Defaults to `None`.
        on_error: What to do about files that cannot be read. `"raise"` stops at the first one when it is read, with
            an error that names it. `"skip"` tries all files now, which takes about as long as one epoch. It leaves
            out the bad ones, warns once and lists them in `skipped`, so the length, the order and the labels are
            known before training. A file that is damaged later still raises. Defaults to `"raise"`.
        max_pixels: Integer. The largest height × width that is decoded. Defaults to 50 million.
        orientation: `"exif"` or `"ignore"`; see `decode_image`. Defaults to `"exif"`.
        bits: Integer from 8 to 16. How many bits the files of 16 bits use, such as 12 for values up to 4095, unless
            they say so themselves (PNG files may, in their chunk sBIT). `None` means all 16; then a folder that would
            look nearly black raises an error that gives the largest value in its files, and a few dark files among
            bright ones cause a warning. Both are based on a sample of the files. Defaults to `None`.
        cache: Whether and where to keep decoded images, resized to `image_size`. `"auto"` keeps them in memory if
            they take at most a quarter of the free memory, `"memory"` whenever they fit. `"disk"` keeps them in
            `cache_file` if they take more than that quarter, else in memory. `"none"`, `None` and `False` decode them
            in each epoch. Images for a cache are decoded now, and are then read as fast as arrays. Defaults to
            `None`.
        cache_file: Path of the file for `"disk"`. It is used again as long as the files of the folder, their sizes,
            their times and the settings stay the same; otherwise it is replaced. Defaults to `None`.
        verbose: Integer. 1 to show the progress while files are tried, or decoded for a cache: a bar, or a line if
            the output is not a terminal. Defaults to `0`.

    Returns:
        A `tf.data.Dataset` of `images`, uint8 of shape `(batch, height, width, channels)`, or `(images, labels)`, of
        known length, with the attributes `epoch`, `class_names` (list, or `None` without labels), `file_paths` (in
        the order of an unshuffled data set), `skipped` (dict from path to reason) and `cached` (with a `kind` and a
        `reason`).

    Raises:
        FileNotFoundError, NotADirectoryError: If `path` is not a folder.
        ImportError: If there are TIFF or DICOM files and the package that reads them is not installed. The message
            has the command that installs it.
        ValueError: If there are no images, images of 16 bits would look nearly black, or an argument is not as
            described.
        tf.errors.InvalidArgumentError: In an iteration, or now with a cache, if a file cannot be read. The message
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
        f"Skipped {len(skipped)} of {len(paths)} image files, which cannot be read. The attribute `skipped` of the "
        f"data set lists all of them; the first is {first!r}: {reason}",
        stacklevel=5,
    )
    return skipped
