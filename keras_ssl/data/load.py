import os

import tensorflow as tf

from keras_ssl.checks.arguments import check_image_size
from keras_ssl.data.cache import Cache, check_cache
from keras_ssl.data.digits import CLASS_NAMES, load_digits
from keras_ssl.data.memory import in_memory
from keras_ssl.data.resize import resize_images
from keras_ssl.data.splits import is_training_split
from keras_ssl.data.tfds import load_tfds

IN_MEMORY = Cache("memory", "digits are always kept in memory")


def load(
    name: str,
    split: str = "train",
    batch_size: int = 256,
    *,
    image_size: int | tuple[int, int] | None = None,
    labels: bool = False,
    shuffle: bool | None = None,
    seed: int = 0,
    resize: str = "stretch",
    drop_remainder: bool | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    cache: str | None = "auto",
    cache_file: str | os.PathLike[str] | None = None,
    verbose: int = 0,
) -> tf.data.Dataset:
    """Load a data set by its name.

    A data set whose pixels take at most a quarter of the free memory is read once and kept there as uint8; each epoch
    is then an exact permutation. A larger one is streamed from its files. The order of the files and the order within
    blocks of examples are functions of the seed and the epoch too, but examples stay close to others of their file.

    Args:
        name: String. `"digits"` (the handwritten digits of scikit-learn, 8 × 8, gray, no download), or the name of a
            data set of tensorflow-datasets that has images. If it is not yet prepared in `data_dir`, it is downloaded
            there, as far as tensorflow-datasets can download it.
        split: String. A split in the notation of tensorflow-datasets: `"train"`, `"test"`, `"train[:80%]"`,
            `"train+test"`. Defaults to `"train"`.
        batch_size: Positive integer. Defaults to `256`.
        image_size: Tuple `(height, width)` of all images, or one integer for a square. `None` keeps the size, for
            data sets with only one. Defaults to `None`.
        labels: Boolean. Whether each image comes with its label (int32). Defaults to `False`.
        shuffle: Boolean. Whether each epoch has an order of its own, a function of `seed` and the epoch (see
            `set_epoch`). `None` shuffles for training: if there are no labels, and no part of `split` is a test or
            validation split. Defaults to `None`.
        seed: Integer. Defaults to `0`.
        resize: `"stretch"`, `"crop"` or `"pad"`; see `resize_images`. Defaults to `"stretch"`.
        drop_remainder: Boolean. Whether to leave out the images that do not fill a last batch. `None` leaves them
            out of a shuffled data set, unless it is smaller than one batch. Defaults to `None`.
        data_dir: Folder of prepared data sets. `None` means the environment variable TFDS_DATA_DIR, or else
            `~/tensorflow_datasets`. Defaults to `None`.
        cache: Whether and where to keep decoded images, resized to `image_size`. `"auto"` keeps them in memory if
            they take at most a quarter of the free memory, `"memory"` whenever they fit. `"disk"` keeps them in
            `cache_file` if they take more than that quarter, else in memory. `"none"`, `None` and `False` decode them
            in each epoch. Images for a cache are decoded now, and are then read as fast as arrays. Defaults to
            `"auto"`.
        cache_file: Path of the file for `"disk"`. Defaults to `None`.
        verbose: Integer. 1 to show the progress while images are decoded for a cache: a bar, or a line if the output
            is not a terminal. Defaults to `0`.

    Returns:
        A `tf.data.Dataset` of `images`, uint8 of shape `(batch, height, width, channels)`, or `(images, labels)`, of
        known length, with the attributes `epoch`, `class_names` (list, or `None` if there are none) and `cached`
        (with a `kind` and a `reason`).

    Raises:
        ValueError: If the name or the split is unknown; the data set cannot be prepared or has no images; it has
            images of several sizes and `image_size` is `None`; `labels` is `True` and it has none; or an argument is
            not as described.

    Example:

    >>> dataset = keras_ssl.data.load("digits", batch_size=64)
    >>> dataset.element_spec
    TensorSpec(shape=(64, 8, 8, 1), dtype=tf.uint8, name=None)
    """
    if shuffle is None:
        shuffle = not labels and is_training_split(split)
    cache = check_cache(cache, cache_file)
    if image_size is not None:
        image_size = check_image_size(image_size)
    settings = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed, "drop_remainder": drop_remainder}
    if name != "digits":
        return load_tfds(name, split, image_size, labels, resize, data_dir, cache, cache_file, verbose, **settings)
    images, classes = load_digits(split)
    if image_size is not None:
        images = resize_images(tf.constant(images), image_size, resize)
    return in_memory(images, classes if labels else None, class_names=CLASS_NAMES, cached=IN_MEMORY, **settings)
