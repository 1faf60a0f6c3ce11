import gc
import time

import numpy as np
import tensorflow as tf

WARM_UP_STEPS = 3  # the first step compiles, and the ones after it still find memory
SECONDS = 3.0


def seconds_per_step(recipe, image_shape, read_size):
    """How long a training step of a recipe takes on this machine, by making some.

    Args:
        recipe: `Recipe`.
        image_shape: Tuple (height, width, channels) that the network sees.
        read_size: Pair (height, width) of the pictures that its views are cut from.

    Returns:
        Float, seconds.
    """
    seconds = _measured(recipe, image_shape, read_size)
    # The model is in cycles with its graphs; `clear_session` would take what the caller has from Keras, too.
    gc.collect()
    return seconds


def _measured(recipe, image_shape, read_size):
    shape = (recipe.settings["batch_size"], *read_size, image_shape[2])
    batch = np.random.default_rng(0).integers(0, 256, shape, "uint8")

    def fit(steps):
        start = time.perf_counter()
        model.fit(tf.data.Dataset.from_tensors(batch).repeat(steps), verbose=0)
        return time.perf_counter() - start

    model = recipe.build(image_shape, steps_per_epoch=1000)
    fit(WARM_UP_STEPS)
    rough = fit(WARM_UP_STEPS) / WARM_UP_STEPS
    steps = max(WARM_UP_STEPS, round(SECONDS / rough))
    return fit(steps) / steps
