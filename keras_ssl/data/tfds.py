import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from keras_ssl.data.batches import finish, images_per_epoch
from keras_ssl.data.cache import AT_ONCE, choose_cache, keep
from keras_ssl.data.memory import in_memory
from keras_ssl.data.order import each_epoch, epoch_order
from keras_ssl.data.resize import resize_images
from keras_ssl.data.untrusted_code import refuse_untrusted_code
from keras_ssl.did_you_mean import did_you_mean

# Size of the blocks in which a streamed data set is shuffled, in bytes as stored; or a few batches if that is more.
_BLOCK_BYTES = 256 * 2**20
# For data sets that do not give their size.
_USUAL_EXAMPLE_BYTES = 100_000
_FILES_AT_ONCE = 16


def load_tfds(name, split, image_size, labels, resize, data_dir, cache, cache_file, verbose, **settings):
    """Load a data set of tensorflow-datasets; see `keras_ssl.data.load`."""
    builder = prepared_builder(name, data_dir)
    features = _check_features(builder.info.features, name, image_size, labels)
    try:
        part = builder.info.splits[split]
    except ValueError as error:
        raise ValueError(
            f"`split` must be one of {sorted(builder.info.splits)}, a slice of one ('train[:80%]'), or several "
            f"joined by '+'. Received: split={split!r}"
        ) from error
    if part.num_examples == 0:
        raise ValueError(f"`split` must hold images, but is empty. Received: split={split!r}")

    def read(example):
        example = builder.info.features.deserialize_example(example)
        image = example["image"]
        if image_size is not None:
            image = resize_images(image[None], image_size, resize)[0]
        return (image, tf.cast(example["label"], tf.int32)) if labels else image

    settings["class_names"] = getattr(features.get("label"), "names", None)
    shape = (*(image_size or features["image"].shape[:2]), features["image"].shape[-1])
    cache = choose_cache(cache, part.num_examples, shape)
    if cache.kind == "none":
        return _stream(part, read, **settings, cached=cache)

    def key():
        return repr((name, str(builder.version), split, image_size, resize, labels))

    def read_all():
        return _read_all(part, read, labels)

    images, classes = keep(cache, read_all, part.num_examples, shape, key, cache_file, f"{name} {split}", verbose)
    classes = np.array(classes, np.int32) if labels else None
    return in_memory(images, classes, **settings, cached=cache)


def prepared_builder(name: Any, data_dir: str | os.PathLike[str] | None) -> Any:
    """The tensorflow-datasets builder of a data set, which is downloaded and prepared if it is not yet."""
    import tensorflow_datasets as tfds

    # tensorflow-datasets reads its variable only once, when it is imported.
    data_dir = data_dir or os.environ.get("TFDS_DATA_DIR")
    refuse_untrusted_code(name, data_dir)
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        known = ["digits", *tfds.list_builders(with_community_datasets=False)]
        raise ValueError(
            "`name` must be 'digits' or a data set of tensorflow-datasets (see "
            f"https://www.tensorflow.org/datasets/catalog).{did_you_mean(name, known, most=3)} "
            f"Received: name={name!r}"
        ) from error
    if not builder.is_prepared():
        try:
            builder.download_and_prepare()
        # The downloads and generators of hundreds of data sets may raise anything.
        except Exception as error:
            raise ValueError(
                f"The data set is not in {os.path.dirname(builder.data_dir)!r}, and could not be downloaded and "
                f"prepared there ({type(error).__name__}: {error}). Set data_dir or TFDS_DATA_DIR to the folder in "
                f"which it is prepared. Received: name={name!r}, data_dir={data_dir!r}"
            ) from error
    if builder.info.file_format.value != "tfrecord":
        raise ValueError(
            "The data set must be prepared as TFRecord files. "
            f"Received: name={name!r}, prepared as {builder.info.file_format.value}"
        )
    return builder


def _check_features(features, name, image_size, labels):
    features = dict(features.items()) if hasattr(features, "items") else {"": features}
    listed = ", ".join(f"{key}: {value}" for key, value in features.items())
    image = features.get("image")
    if image is None or len(image.shape) != 3 or image.dtype != tf.uint8 or image.shape[-1] is None:
        raise ValueError(
            "The data set must have a feature 'image' of uint8 pixels (height, width, channels). For others, make "
            "a tf.data.Dataset of images with tfds.load, and use that. "
            f"Received: name={name!r} with the features {listed}"
        )
    if image_size is None and None in image.shape:
        raise ValueError(
            "The images of this data set differ in size. Pass the size to resize them to, such as "
            f"image_size=(96, 96). Received: image_size=None, name={name!r} with images {image.shape}"
        )
    if labels and "label" not in features:
        raise ValueError(
            "The data set has no feature 'label'. Pass labels=False. "
            f"Received: labels={labels}, name={name!r} with the features {listed}"
        )
    return features


def _file_opener(part):
    """Make a function from the number of a file of a split to the data set of its serialized examples."""
    files = part.file_instructions
    names = tf.constant([str(file.filename) for file in files])
    skips = tf.constant([file.skip for file in files], tf.int64)
    takes = tf.constant([file.take for file in files], tf.int64)

    def open_file(number):
        records = tf.data.TFRecordDataset(names[number], buffer_size=2**20)
        return records.skip(skips[number]).take(takes[number])

    return open_file


def _read_all(part, read, labels):
    """An iterable of arrays of images, and a function that returns the list of their classes, as for `keep`."""
    files = tf.data.Dataset.range(len(part.file_instructions))
    examples = files.flat_map(_file_opener(part)).map(read, num_parallel_calls=tf.data.AUTOTUNE)
    classes = []

    def images():
        for batch in examples.batch(AT_ONCE).prefetch(tf.data.AUTOTUNE).as_numpy_iterator():
            pixels, *rest = batch if labels else (batch,)
            classes.extend(rest[0].tolist() if labels else ())
            yield pixels

    return images(), lambda: classes


def _stream(part, read, *, batch_size, shuffle, seed, drop_remainder, **attributes):
    used = images_per_epoch(part.num_examples, batch_size, shuffle, drop_remainder)
    example_bytes = part.num_bytes // part.num_examples or _USUAL_EXAMPLE_BYTES
    block = min(part.num_examples, max(8 * batch_size, _BLOCK_BYTES // example_bytes))
    open_file = _file_opener(part)
    file_count = len(part.file_instructions)

    def permute(seeds, number, examples):
        seeds_of_block = tf.random.experimental.stateless_fold_in(seeds, number, alg="philox")
        return tf.gather(examples, epoch_order(tf.shape(examples)[0], True, seeds_of_block))

    def examples(seeds):
        files = tf.data.Dataset.from_tensor_slices(epoch_order(file_count, shuffle, seeds))
        if not shuffle:
            return files.flat_map(open_file)
        records = files.interleave(
            open_file, cycle_length=_FILES_AT_ONCE, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )
        # Not Dataset.shuffle, which takes no stateless seeds: its order would also depend on the global seed.
        blocks = records.batch(block).enumerate()
        return blocks.map(lambda number, block: permute(seeds, number, block)).unbatch()

    dataset, epoch = each_epoch(examples, seed)
    dataset = dataset.take(used).map(read, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = dataset.batch(batch_size, drop_remainder=used % batch_size == 0)
    return finish(dataset, used, batch_size, epoch=epoch, shuffled=shuffle, **attributes)


def example_images(builder: Any, split: str, count: int) -> Iterator[np.ndarray]:
    """Yield the first images of a split, unchanged."""
    for example in builder.as_dataset(split=split, shuffle_files=False).take(count).as_numpy_iterator():
        yield example["image"]
