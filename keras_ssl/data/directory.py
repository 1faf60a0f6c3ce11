import os
import warnings

import tensorflow as tf

from keras_ssl.data.batches import finish, images_per_epoch
from keras_ssl.data.decode import MAX_PIXELS, check_decoding, decode_image
from keras_ssl.data.files import find_images, in_subset, label_by_folder
from keras_ssl.data.order import each_epoch, epoch_order
from keras_ssl.data.reader import image_reader
from keras_ssl.data.resize import check_image_size, check_resize
from keras_ssl.data.unreadable import batch_or_raise, find_unreadable


def from_directory(
    path,
    batch_size=256,
    image_size=(224, 224),
    *,
    channels=3,
    labels=False,
    subset=None,
    shuffle=None,
    seed=0,
    resize="stretch",
    drop_remainder=None,
    on_error="raise",
    max_pixels=MAX_PIXELS,
    orientation="exif",
):
    """Make a data set of the image files in a folder and its subfolders.

    Files are read and decoded as they are needed; only their names are kept in memory. Hidden files are left
    out, links are followed. Images are turned upright, as in an exported encoder.

    Args:
        path: Path of a folder, with or without subfolders, holding PNG, JPEG, GIF, BMP or WebP files.
        batch_size: A positive integer. Defaults to 256.
        image_size: The (height, width) that all images get, or one integer. Defaults to (224, 224).
        channels: 3 for RGB or 1 for grey. Defaults to 3.
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

    Returns:
        A `tf.data.Dataset` of `images` (batch, height, width, channels), uint8, or `(images, labels)`, of known
        length, with the attributes `epoch`, `class_names` (list, or `None` without labels), `file_paths` (in the
        order of an unshuffled data set) and `skipped` (dict from path to reason).

    Raises:
        FileNotFoundError, NotADirectoryError: If `path` is no folder.
        ValueError: If there are no images, or an argument is not as described.
        tf.errors.InvalidArgumentError: In an iteration, if a file cannot be read. Its message names the file.

    Example:

    >>> dataset = keras_ssl.data.from_directory("photos", batch_size=64, image_size=(96, 96))
    >>> dataset.element_spec.shape
    TensorShape([64, 96, 96, 3])
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"`on_error` must be 'raise' or 'skip'. Received: on_error={on_error!r}")
    folder, names = find_images(path)
    if subset is not None:
        names = in_subset(names, subset)
    classes, class_names = label_by_folder(folder, names) if labels else (None, None)
    paths = [os.path.join(folder, name) for name in names]

    check_image_size(image_size)
    check_resize(resize)
    check_decoding(channels, max_pixels, orientation)
    settings = {"channels": channels, "max_pixels": max_pixels, "orientation": orientation}

    def try_to_read(path):
        return decode_image(tf.io.read_file(path), **settings)

    skipped = {}
    if on_error == "skip":
        paths, classes, skipped = _leave_out_unreadable(paths, classes, try_to_read)
    with tf.device("CPU:0"):
        path_tensor = tf.constant([os.fsencode(path) for path in paths])
        class_tensor = None if classes is None else tf.constant(classes, tf.int32)

    shuffle = not labels if shuffle is None else shuffle
    used = images_per_epoch(len(paths), batch_size, shuffle, drop_remainder)

    read = image_reader(paths, image_size, resize, **settings)

    def in_order(seeds):
        order = epoch_order(len(paths), shuffle, seeds)[:used]
        positions = tf.data.Dataset.range(used)
        elements = positions.map(lambda position: load(position, order), num_parallel_calls=tf.data.AUTOTUNE)
        return batch_or_raise(elements, tf.gather(path_tensor, order), try_to_read, used, batch_size)

    def load(position, order):
        index = order[position]
        image = read(path_tensor[index])
        return position, image if class_tensor is None else (image, class_tensor[index])

    dataset, epoch = each_epoch(in_order, seed)
    return finish(dataset, used, batch_size, epoch=epoch, class_names=class_names, file_paths=paths, skipped=skipped)


def _leave_out_unreadable(paths, classes, read):
    bad = find_unreadable(tf.constant([os.fsencode(path) for path in paths]), read)
    skipped = {paths[index]: reason for index, reason in bad.items()}
    if not skipped:
        return paths, classes, skipped
    first, reason = next(iter(skipped.items()))
    if len(skipped) == len(paths):
        raise ValueError(f"None of {len(paths)} image files can be read. The first is {first!r}: {reason}")
    warnings.warn(
        f"Skipped {len(skipped)} of {len(paths)} image files that cannot be read. All are listed in the data "
        f"set's `skipped`; the first is {first!r}: {reason}",
        stacklevel=3,
    )
    good = [index for index in range(len(paths)) if index not in bad]
    classes = None if classes is None else [classes[index] for index in good]
    return [paths[index] for index in good], classes, skipped
