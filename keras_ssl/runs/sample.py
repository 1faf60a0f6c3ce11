import numpy as np
import tensorflow as tf

from keras_ssl.runs.data_source import open_source

MOST_BYTES = 256 * 2**20
BATCH = 250
SHOWN = 16


def sample(config, count, labels=False):
    """About `count` random training images of a run, or fewer large ones, in memory.

    Args:
        config: the settings of the run.
        count: int, how many.
        labels: bool, whether to return their labels too.

    Returns:
        List of arrays: [images], or [images, labels].
    """
    source = config["data"]
    batches = open_source(source, source["split"], batch_size=BATCH, labels=labels, shuffle=True, seed=config["seed"])
    image_bytes = int(np.prod(tf.nest.flatten(batches.element_spec)[0].shape[1:]))
    taken = batches.take(max(2, min(count, MOST_BYTES // image_bytes) // BATCH))
    elements = map(tf.nest.flatten, taken.as_numpy_iterator())
    return [np.concatenate(part) for part in zip(*elements, strict=True)]


def preview(source, for_views=False):
    """Some training images for figures, in random order, because the first ones of a folder are all of one class.

    Args:
        source: dict, from `resolve`.
        for_views: bool, whether they are read as large as views are cut from. Defaults to `False`.

    Returns:
        Array (n, height, width, channels), n at most 16.
    """
    images = open_source(source, source["split"], for_views=for_views, batch_size=SHOWN, shuffle=True, seed=0)
    return next(iter(images)).numpy()
