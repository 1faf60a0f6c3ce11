import functools
import importlib.resources
import math
import time
from typing import Any

import yaml

from keras_ssl import methods
from keras_ssl.did_you_mean import did_you_mean
from keras_ssl.recipes.facts import facts_of
from keras_ssl.recipes.overrides import parse_overrides
from keras_ssl.recipes.plan import Budget, Plan, is_few, is_photographs, rules
from keras_ssl.recipes.recipe import Recipe
from keras_ssl.recipes.settings import is_overridden, merge
from keras_ssl.recipes.timing import time_training
from keras_ssl.recipes.validation import apply_overrides, lookup

# Data sets whose kind of images is known by name; others get the settings of photographs unless `images` are given.
KINDS = {"digits": "tiny_images", "cifar10": "small_images", "cifar100": "small_images"}
_SHARED = "rules"


def names() -> list[str]:
    """Names of the methods that have a recipe, sorted."""
    files = importlib.resources.files(__package__).iterdir()
    found = (file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))
    return sorted(set(found) - {_SHARED})


def load(
    method: str,
    data: str | None = None,
    overrides: dict[str, Any] | None = None,
    *,
    images: Any = None,
    minutes: float | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    began: float | None = None,
) -> Recipe:
    """Load a method's recipe and adapt it to the images and the budget.

    Without `images`, the settings are the paper's, for hundreds of epochs on an accelerator. With `images`, the
    rules in `rules.yaml` and the method's own YAML set image size, batch size, network, learning rate, training
    length and more. They depend on the number and size of the images, the device and the budget.
    `Recipe.decisions` lists each decision with its reason.

    Args:
        method: String. One of `names()`. Case, underscores and hyphens do not matter.
        data: String. A name as in `keras_ssl.data.load`; any other value gives the default settings. Used only
            without `images`. Defaults to `None`.
        overrides: Dict of settings to change, with dots for nesting: `{"epochs": 20, "learning_rate.base": 0.3,
            "backbone": "small_cnn"}`. Sizes are `64`, `"64x96"` or `[64, 96]`. No rule changes these settings.
            Defaults to `None`.
        images: Training images: an array, a `tf.data.Dataset` of batches, or `Facts`. Defaults to `None`.
        minutes: Float > 0. Longest training time on this machine. Some steps are run and timed, and the schedule
            is set to end in that time. Needs `images`. Defaults to `None`.
        epochs: Integer > 0. Passes over the images. Defaults to `None`.
        steps: Integer > 0. Updates of the network, rounded to whole epochs. Needs `images`. Give at most one of
            `minutes`, `epochs` and `steps`; without any, the number of images sets the number of steps. Defaults
            to `None`.
        began: Float. Start of `minutes`, by `time.monotonic()`. Defaults to `None`, which means now.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: If the method has no recipe, the recipe has no such setting, or the budget is invalid.

    Example:

    >>> import keras_ssl, numpy as np
    >>> recipe = keras_ssl.recipes.load("simclr", data="cifar10", overrides={"epochs": 20})
    >>> model = recipe.build((32, 32, 3), steps_per_epoch=195)
    >>> images = np.random.default_rng(0).integers(0, 256, (500, 32, 32, 3), "uint8")
    >>> recipe = keras_ssl.recipes.load("simclr", images=images, steps=100)
    >>> print(recipe.decisions[-1])
    epochs = 14: 98 steps, 7 an epoch; you asked for 100 steps
    >>> model = recipe.build(recipe.image_shape, steps_per_epoch=7)
    """
    began = time.monotonic() if began is None else began
    name, document = _read(method)
    overrides = parse_overrides({**document["default"], "read_size": None}, overrides or {})
    budget = Budget(minutes, overrides.pop("epochs", None) or epochs, steps)
    if images is None:
        if minutes or steps:
            raise ValueError(
                "A budget in minutes or steps depends on the images: pass images=, an array, a data set or "
                f"keras_ssl.recipes.Facts. Received: minutes={minutes}, steps={steps}, images=None"
            )
        return Recipe(name, _papers(document, data, overrides, budget.epochs), document["summary"])

    facts = facts_of(images)
    _check_enough(document["method"], facts)
    if minutes:
        plan = _within(minutes, name, document, facts, overrides, began)
    else:
        plan = _of_length(budget, document, facts, overrides)
    size = plan.settings["image_size"] or facts.image_size
    image_shape = (*((size, size) if isinstance(size, int) else size), facts.channels)
    return Recipe(name, plan.settings, document["summary"], tuple(plan.decisions), image_shape)


def _read(method):
    name = {_plain(name): name for name in names()}.get(_plain(method))
    if name is None:
        raise ValueError(
            f"There are recipes for {', '.join(names())}.{did_you_mean(method, names())} Received: method={method!r}"
        )
    text = (importlib.resources.files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")
    return name, yaml.safe_load(text)


def _plain(name):
    """The form in which `BarlowTwins`, `barlow_twins`, `barlow-twins` and `barlowtwins` are the same name."""
    return name.lower().replace("_", "").replace("-", "")


def _check_enough(method, facts):
    least = lookup("method", methods, method).minimum_batch
    if facts.images < least:
        raise ValueError(
            f"{method} compares images with each other, so it needs at least {least}, and hundreds to learn from. "
            f"Received: images={facts.images}"
        )


def _papers(document, data, overrides, epochs):
    settings = {"method": document["method"], **document["default"]}
    settings = merge(settings, document.get(KINDS.get(data), {}))
    if epochs is not None:
        settings["epochs"] = epochs
    return apply_overrides(settings, overrides)


def _of_length(budget, document, facts, overrides):
    """Plan a training whose number of steps is given or follows from the number of images."""

    def plan(few_steps):
        side = None if facts.accelerator else rules()["cpu"]["image_size"]
        made = Plan(document, facts, overrides, side, few_steps)
        if budget.steps:
            return made, budget.steps, f"you asked for {budget.steps} steps"
        if budget.epochs:
            return made, budget.epochs * made.steps_per_epoch, "you asked for so many"
        return made, made.default_steps, f"what {facts.images} images need"

    made, steps, reason = plan(few_steps=True)
    if _is_long(steps, facts):
        made, steps, reason = plan(few_steps=False)
    made.lay_out(steps, reason)
    return made


def _within(minutes, name, document, facts, overrides, began):
    """Plan a training that ends within `minutes`, counted from `began`."""

    def seconds_left(timing):
        spent = time.monotonic() - began + timing.to_begin
        return minutes * 60 * (1 - rules()["overhead"]) - spent

    @functools.cache
    def timed(side):
        plan = Plan(document, facts, overrides, side)
        size = plan.settings["image_size"] or facts.image_size
        read_size = plan.settings["read_size"] or size
        return plan, time_training(Recipe(name, plan.settings), facts, (*size, facts.channels), read_size)

    side = None
    if is_photographs(facts) and not facts.accelerator and not is_overridden("image_size", overrides):
        side = _image_size(facts, timed, seconds_left)
    made, timing = timed(side)
    steps = seconds_left(timing) / timing.per_step
    batch_size = made.settings["batch_size"]
    if facts.cache == "auto" and steps * batch_size < facts.images:
        timing = timing.streamed(batch_size / facts.images)  # as a run does, see `sees_all`
        steps = seconds_left(timing) / timing.per_step
    steps = max(1, int(steps))
    if _is_long(steps, facts):
        made = Plan(document, facts, overrides, side, few_steps=False)
    passes = math.ceil(rules()["epoch_seconds"] / (timing.per_step * made.steps_per_epoch))
    reason = f"{minutes:g} minutes at {timing.per_step:.3g} seconds a step, after {timing.to_begin:.1f} to begin"
    made.lay_out(steps, reason, passes)
    return made


def _image_size(facts, timed, seconds_left):
    """Largest image size at which there is time to see the images that learning features needs (`images_seen`)."""
    sizes, seen = rules()["cpu"]["image_sizes"], rules()["cpu"]["images_seen"]
    plan, timing = timed(sizes[0])
    per_image = timing.per_step / plan.settings["batch_size"]
    most = min(facts.image_size)
    # The cost of a convolutional network is proportional to the area of the image.
    fitting = [n for n in sizes if n <= most and seconds_left(timing) / (per_image * (n / sizes[0]) ** 2) >= seen]
    return max(fitting, default=sizes[0])


def _is_long(steps, facts):
    """Whether there are enough steps and images for the paper's optimizer and learning rates."""
    return steps > rules()["few_steps"] and not is_few(facts)
