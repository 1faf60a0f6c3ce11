import gc
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_ssl.data.cache import choose_cache

WARM_UP_STEPS = 3  # the first step compiles, and the ones after it still find memory
SECONDS = 3.0


class Timing(NamedTuple):
    """Measured wall-clock times of a training on this machine.

    Attributes:
        to_begin: Float, seconds until its first step is done: to decode the pictures that are kept, to build and to
            compile.
        per_step: Float, seconds of each step, with the decoding of its images where none are kept.
        decoding: Float, the part of `to_begin` in which the pictures that are kept are decoded.
    """

    to_begin: float
    per_step: float
    decoding: float = 0.0

    def streamed(self, share):
        """The same without keeping pictures, where a step decodes its `share` of all."""
        return Timing(self.to_begin - self.decoding, self.per_step + share * self.decoding)


def time_training(recipe, facts, image_shape, read_size):
    """Measures how long a training takes to begin and how long a step takes, by making some steps.

    Args:
        recipe: `Recipe`.
        facts: `Facts`.
        image_shape: Tuple (height, width, channels) that the network sees.
        read_size: Pair (height, width) of the pictures that its views are cut from.

    Returns:
        A `Timing`.

    Raises:
        ValueError: If pictures are to be kept in memory, and do not fit.
    """
    to_begin, per_step = _measured(recipe, image_shape, read_size)
    # The model is in cycles with its graphs; `clear_session` would take what the caller has from Keras, too.
    gc.collect()
    to_begin += facts.seconds_before
    if choose_cache(facts.cache, facts.images, (*read_size, facts.channels)).kind != "none":
        decoding = facts.images * facts.seconds_per_image
        return Timing(to_begin + decoding, per_step, decoding)
    decoding = recipe.settings["batch_size"] * facts.seconds_per_image
    # What an accelerator does not do while it trains, the cores that train must do, too.
    return Timing(to_begin, max(per_step, decoding) if facts.accelerator else per_step + decoding)


def _measured(recipe, image_shape, read_size):
    """Seconds to build and compile, and of a step."""
    shape = (recipe.settings["batch_size"], *read_size, image_shape[2])
    batch = np.random.default_rng(0).integers(0, 256, shape, "uint8")

    def fit(steps):
        start = time.perf_counter()
        model.fit(tf.data.Dataset.from_tensors(batch).repeat(steps), verbose=0)
        return time.perf_counter() - start

    start = time.perf_counter()
    model = recipe.build(image_shape, steps_per_epoch=1000)
    fit(WARM_UP_STEPS)
    first = time.perf_counter() - start
    rough = fit(WARM_UP_STEPS) / WARM_UP_STEPS
    steps = max(WARM_UP_STEPS, round(SECONDS / rough))
    per_step = fit(steps) / steps
    return max(0.0, first - WARM_UP_STEPS * per_step), per_step
