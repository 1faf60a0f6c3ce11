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

# Data sets by name whose images are of a kind; all others have the settings of photographs until they are seen.
KINDS = {"digits": "tiny_images", "cifar10": "small_images", "cifar100": "small_images"}
_SHARED = "rules"


def names() -> list[str]:
    """The methods that have a recipe, sorted."""
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
    """Loads a method's recipe, and adapts it to the images and to the budget.

    Without `images` the settings are the paper's, for hundreds of epochs on an accelerator. With them, their number
    and size, the device and the budget decide image size, batch size, network, learning rate, the length of the
    training and more, by the rules in `rules.yaml` and the method's own YAML; `Recipe.decisions` says what and why.

    Args:
        method: str, one of `names()`; upper and lower case are the same, and so are names with
            underscores, with hyphens and without.
        data: str, a name as in `keras_ssl.data.load`, or anything else, which has the default settings. Looked at
            where there are no `images`.
        overrides: optional dict of settings to change, with dots for nesting: `{"epochs": 20,
            "learning_rate.base": 0.3, "backbone": "small_cnn"}`. Sizes are `64`, `"64x96"` or `[64, 96]`. No rule
            changes them.
        images: what is to be learned from: an array, a `tf.data.Dataset` of batches, or `Facts`. Defaults to `None`.
        minutes: float > 0, how long the training may take on this machine: some steps are made and timed, and the
            schedule is laid out to end in that time. Needs `images`.
        epochs: int > 0, passes over the images.
        steps: int > 0, updates of the network, rounded to whole epochs. Needs `images`. Of `minutes`, `epochs` and
            `steps` at most one. None of them: as many steps as so many images need.
        began: float, by `time.monotonic()`, when the minutes began. Defaults to `None`, which is now.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: for a method without a recipe, a setting that the recipe does not have, or a budget that is none.

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
    """Plans a training whose number of steps is given, or follows from the number of images."""

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
    """Plans a training that ends within `minutes`, counted from `began`."""

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
    """The largest side at which the time is enough to see as many images as features need."""
    sizes, seen = rules()["cpu"]["image_sizes"], rules()["cpu"]["images_seen"]
    plan, timing = timed(sizes[0])
    per_image = timing.per_step / plan.settings["batch_size"]
    most = min(facts.image_size)
    # The work of a convolutional network goes with the area.
    fitting = [n for n in sizes if n <= most and seconds_left(timing) / (per_image * (n / sizes[0]) ** 2) >= seen]
    return max(fitting, default=sizes[0])


def _is_long(steps, facts):
    """Whether the paper's optimizer and rates, which want many steps, have them."""
    return steps > rules()["few_steps"] and not is_few(facts)
