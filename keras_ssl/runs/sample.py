from typing import Any

import numpy as np
import tensorflow as tf

from keras_ssl.runs.data_source import open_source

MOST_BYTES = 256 * 2**20
BATCH = 250
SHOWN = 16


def sample(config: dict[str, Any], count: int, labels: bool = False) -> list[np.ndarray]:
    """About `count` random training images of a run, in memory; fewer if they are large.

    Args:
        config: Dict. The settings of the run.
        count: Integer. Number of images.
        labels: Boolean. Whether to return their labels too. Defaults to `False`.

    Returns:
        List of arrays: [images], or [images, labels].
    """
    source = config["data"]
    batches = open_source(source, source["split"], batch_size=BATCH, labels=labels, shuffle=True, seed=config["seed"])
    image_bytes = int(np.prod(tf.nest.flatten(batches.element_spec)[0].shape[1:]))
    taken = batches.take(max(2, min(count, MOST_BYTES // image_bytes) // BATCH))
    elements = map(tf.nest.flatten, taken.as_numpy_iterator())
    return [np.concatenate(part) for part in zip(*elements, strict=True)]


def preview(source: dict[str, Any], for_views: bool = False) -> np.ndarray:
    """A few random training images for figures. (The first ones of a folder are all of one class.)

    Args:
        source: Dict from `resolve`.
        for_views: Boolean. Whether to read them in the size that views are cropped from. Defaults to `False`.

    Returns:
        Array of shape `(n, height, width, channels)`, n at most 16.
    """
    images = open_source(source, source["split"], for_views=for_views, batch_size=SHOWN, shuffle=True, seed=0)
    return next(iter(images)).numpy()
