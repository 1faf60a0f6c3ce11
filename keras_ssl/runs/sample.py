import numpy as np
import tensorflow as tf

from keras_ssl.runs.sources import open_source

MOST_BYTES = 256 * 2**20
BATCH = 250


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
