import gc
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tensorflow as tf

from keras_ssl.data.cache import choose_cache

if TYPE_CHECKING:
    from keras_ssl.recipes.facts import Facts
    from keras_ssl.recipes.recipe import Recipe

WARM_UP_STEPS = 3  # the first step compiles, and the ones after it still find memory
SECONDS = 3.0


class Timing(NamedTuple):
    """Measured wall-clock times of a training on this machine.

    Attributes:
        to_begin: Float. Seconds until the first step is done: decoding of the images that are cached, building and
            compilation.
        per_step: Float. Seconds of a step, with the decoding of its images if they are not cached.
        decoding: Float. Seconds of `to_begin` in which the cached images are decoded.
    """

    to_begin: float
    per_step: float
    decoding: float = 0.0

    def streamed(self, share: float) -> "Timing":
        """The same without a cache: each step decodes `share` of all images."""
        return Timing(self.to_begin - self.decoding, self.per_step + share * self.decoding)


def time_training(
    recipe: "Recipe", facts: "Facts", image_shape: tuple[int, int, int], read_size: tuple[int, int]
) -> Timing:
    """Measure how long a training takes to begin and how long a step takes, by making some steps.

    Args:
        recipe: The `Recipe`.
        facts: The `Facts` of the images.
        image_shape: Tuple `(height, width, channels)` of the network's images.
        read_size: Pair `(height, width)` of the images that views are cropped from.

    Returns:
        A `Timing`.

    Raises:
        ValueError: If images must be cached in memory and do not fit.
    """
    to_begin, per_step = _measured(recipe, image_shape, read_size)
    # The model and its graphs refer to each other. `clear_session` would also delete the caller's state.
    gc.collect()
    to_begin += facts.seconds_before
    if choose_cache(facts.cache, facts.images, (*read_size, facts.channels)).kind != "none":
        decoding = facts.images * facts.seconds_per_image
        return Timing(to_begin + decoding, per_step, decoding)
    decoding = recipe.settings["batch_size"] * facts.seconds_per_image
    # An accelerator trains while the cores decode; without one the cores do both.
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
