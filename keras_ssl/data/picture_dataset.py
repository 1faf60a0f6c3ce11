import os

import tensorflow as tf

from keras_ssl.data.batches import finish, images_per_epoch
from keras_ssl.data.cache import AT_ONCE, choose_cache, keep
from keras_ssl.data.memory import in_memory
from keras_ssl.data.order import each_epoch, epoch_order
from keras_ssl.data.unreadable import batch_or_raise


def picture_dataset(
    paths, labels, read, try_to_read, *, shape, cache, cache_file, key, name, verbose, batch_size, **settings
):
    """A data set of pictures in files, kept decoded or decoded as they are needed.

    Args:
        paths: List of paths.
        labels: Array (files, …), or a dict of them, or `None`.
        read: Takes a path, a string tensor, and returns a uint8 tensor (height, width, channels).
        try_to_read: As `read`, of any height and width; its error says what is wrong with a file.
        shape: (height, width, channels) of what `read` returns.
        cache: One of `cache.CACHES`.
        cache_file: Path of the file for `"disk"`, or `None`.
        key: As in `cache.keep`.
        name: String, what the pictures are of, for the bar.
        verbose: 1 for a bar.
        batch_size: A positive integer.
        **settings: `shuffle`, `seed` and `drop_remainder` as in `in_memory`, and attributes of the data set.

    Returns:
        A `tf.data.Dataset` of `images` or `(images, labels)`, with the attributes `epoch`, `file_paths` and `cached`
        beside those of `settings`.
    """
    chosen = choose_cache(cache, len(paths), shape)
    settings = {**settings, "file_paths": paths, "cached": chosen}
    if chosen.kind == "none":
        return _stream(paths, labels, read, try_to_read, batch_size=batch_size, **settings)

    def decode_all():
        in_order = {"batch_size": AT_ONCE, "shuffle": False, "seed": 0, "drop_remainder": False}
        return _stream(paths, None, read, try_to_read, **in_order).as_numpy_iterator(), lambda: None

    images, _ = keep(chosen, decode_all, len(paths), shape, key, cache_file, name, verbose)
    return in_memory(images, labels, batch_size=batch_size, **settings)


def _stream(paths, labels, read, try_to_read, *, batch_size, shuffle, seed, drop_remainder, **attributes):
    with tf.device("CPU:0"):
        path_tensor = tf.constant([os.fsencode(path) for path in paths])
        labels = None if labels is None else tf.nest.map_structure(tf.identity, labels)
    used = images_per_epoch(len(paths), batch_size, shuffle, drop_remainder)

    def in_order(seeds):
        order = epoch_order(len(paths), shuffle, seeds)[:used]
        # One number for the epoch and the position: each tensor of an element costs time.
        numbers = seeds[1] * used + tf.range(used, dtype=tf.int64)
        parts = (path_tensor,) if labels is None else (path_tensor, labels)
        parts = tf.nest.map_structure(lambda part: tf.gather(part, order), parts)
        return tf.data.Dataset.from_tensor_slices((numbers, *parts))

    def load(number, path, *label):
        return number, (read(path), *label) if label else read(path)

    def file_at(number_of_epoch, position):
        number = number_of_epoch if number_of_epoch >= 0 else int(epoch) - 1
        return paths[int(epoch_order(len(paths), shuffle, tf.constant([seed, number], tf.int64))[position])]

    # Read outside of `in_order`: tf.data would take three times as long to start an epoch with a large graph in it.
    dataset, epoch = each_epoch(in_order, seed)
    dataset = dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = batch_or_raise(dataset, file_at, try_to_read, used, batch_size)
    return finish(dataset, used, batch_size, epoch=epoch, shuffled=shuffle, **attributes)
