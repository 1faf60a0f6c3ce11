import copy
import difflib
import importlib.resources
from dataclasses import dataclass

import keras
import yaml

from keras_ssl import augment, backbones, methods, optimizers, tasks
from keras_ssl.optimizers import CosineMomentum

# Augmentations that go by the number of channels too, not by the size alone.
BY_IMAGE_SHAPE = ("for_images", "multi_crop")


@dataclass(frozen=True)
class Recipe:
    """A method's settings for a data set, and how they become a compiled method.

    Attributes:
        name: str, the method's name as in `recipes.names()`.
        settings: dict, the YAML's settings with the data set's own and the caller's laid over the default ones.
        summary: str, one line on the method.
    """

    name: str
    settings: dict
    summary: str = ""

    def build(self, image_shape, steps_per_epoch, *, seed=0, jit_compile="auto"):
        """Builds and compiles the method.

        Args:
            image_shape: tuple (height, width, channels).
            steps_per_epoch: int, for the learning-rate schedule, which spans all epochs.
            seed: int, of the weights and of the training's random draws.
            jit_compile: as in `SelfSupervisedModel.compile`.

        Returns:
            A compiled `keras_ssl.SelfSupervisedModel`.

        Raises:
            ValueError: where the settings name something that does not exist, or that refuses its arguments.
        """
        settings = self.settings
        keras.utils.set_random_seed(seed)
        method = _member("method", methods, settings["method"])
        arguments = {"seed": seed, **settings.get("arguments", {})}
        for name, epochs in settings.get("arguments_in_epochs", {}).items():
            arguments[name] = round(epochs * steps_per_epoch)
        if "momentum" in settings:
            total_steps = steps_per_epoch * settings["epochs"]
            arguments["momentum"] = _call("momentum", CosineMomentum, (total_steps,), settings["momentum"])
        if settings.get("augmenter") is not None:
            arguments["augmenter"] = _augmenter(settings["augmenter"], image_shape)
        if "tasks" in settings:
            given = {name: task for name, task in settings["tasks"].items() if task is not None}
            arguments["tasks"] = {name: _make("task", tasks, task) for name, task in given.items()}
        if "backbone" in settings:
            encoder = _make("backbone", backbones, settings["backbone"], image_shape)
            units = encoder.output_shape[-1]
            for name, head in settings.get("heads", {}).items():  # each on what the one before gives
                arguments[name] = _make(name, backbones, head, units)
                units = arguments[name].output_shape[-1]
            model = _call("method", method, (encoder,), arguments)
        else:  # the method builds its encoder itself
            model = _call("method", method, (tuple(image_shape),), arguments)
        model.compile(**self._optimizers(steps_per_epoch), jit_compile=jit_compile)
        return model

    def learning_rate(self, steps_per_epoch):
        """The schedule over all epochs: linear warm-up, then half a cosine down to zero; or a constant."""
        rate, epochs = self.settings["learning_rate"], self.settings["epochs"]
        if "constant" in rate:
            return rate["constant"]
        return optimizers.scaled_cosine(
            rate["base"],
            self.settings["batch_size"],
            total_steps=steps_per_epoch * epochs,
            # A short run spends at most a tenth of its steps warming up.
            warmup_steps=steps_per_epoch * min(rate["warmup_epochs"], epochs / 10),
        )

    def _optimizers(self, steps_per_epoch):
        """The optimizers by their names as arguments of `compile`: one, unless the recipe lists several."""
        by_argument = self.settings.get("optimizers") or {"optimizer": self.settings["optimizer"]}
        return {name: self._optimizer(settings, steps_per_epoch) for name, settings in by_argument.items()}

    def _optimizer(self, settings, steps_per_epoch):
        arguments = dict(settings)
        name = arguments.pop("name")
        where = optimizers if name in optimizers.__all__ else keras.optimizers
        maker = _member("optimizer", where, name)
        optimizer = _call("optimizer", maker, (self.learning_rate(steps_per_epoch),), arguments)
        rate = self.settings["learning_rate"]
        if "constant_for" not in rate:
            return optimizer
        peak = optimizers.scaled_learning_rate(rate["base"], self.settings["batch_size"])
        constant = _call("optimizer", maker, (peak,), arguments)
        by_path = keras.optimizers.OptimizerMap(optimizer, {rate["constant_for"]: constant})
        return keras.optimizers.MultiOptimizer(by_path)


def names():
    """The methods that have a recipe, sorted."""
    files = importlib.resources.files(__package__).iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def load(method, data=None, overrides=None, *, short=False):
    """Reads a method's recipe for a data set.

    Papers train for hundreds of epochs. Many recipes have a short variant for ten or less, which two cores make in a
    quarter of an hour from 20 000 small images: another optimizer and learning rate, whatever the data.

    Args:
        method: str, one of `names()`; upper and lower case are the same.
        data: str, a name as in `keras_ssl.data.load`, or anything else, which has the default settings.
        overrides: optional dict of settings to change, with dots for nesting: `{"epochs": 20,
            "learning_rate.base": 0.3, "backbone": "small_cnn"}`.
        short: bool, whether to take the recipe's variant for short trainings. Defaults to False.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: for a method without a recipe, a setting that the recipe does not have, or a short variant where
            there is none.

    Example:

    >>> import keras_ssl
    >>> recipe = keras_ssl.recipes.load("simclr", data="cifar10", overrides={"epochs": 20})
    >>> model = recipe.build((32, 32, 3), steps_per_epoch=195)
    """
    name = method.lower()
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"There are recipes for {', '.join(names())}.{hint} Received: method={method!r}")
    text = (importlib.resources.files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    settings = {"method": document["method"], **document["default"]}
    settings = _merge(settings, document["data"].get(data, {}))
    if short:
        if "short" not in document:
            raise ValueError(f"The recipe of {name} has no variant for short trainings. Received: short=True")
        settings = _merge(settings, document["short"])
    for key, value in (overrides or {}).items():
        settings = _override(settings, key, value)
    return Recipe(name, settings, document["summary"])


def _merge(base, changes):
    """`base` with `changes` laid over it; a part that gets another name starts from nothing."""
    merged = copy.deepcopy(base)
    for key, value in changes.items():
        known = merged.get(key)
        renamed = (
            isinstance(value, dict) and "name" in value and isinstance(known, dict) and value["name"] != known["name"]
        )
        merged[key] = (
            _merge(known, value) if isinstance(value, dict) and isinstance(known, dict) and not renamed else value
        )
    return merged


def _override(settings, key, value):
    first, *rest = key.split(".")
    if first not in settings:
        raise ValueError(f"The recipe has the settings {', '.join(sorted(settings))}. Received: {key!r}")
    if not rest:
        # A part by its name alone, such as backbone=small_cnn.
        named = isinstance(settings[first], dict) and "name" in settings[first] and isinstance(value, str)
        return _merge(settings, {first: {"name": value} if named else value})
    change = value
    for part in reversed(rest):
        change = {part: change}
    return _merge(settings, {first: change})


def _member(kind, module, name):
    public = {member.lower(): member for member in getattr(module, "__all__", None) or dir(module)}
    if name not in public.values():
        close = [public[member] for member in difflib.get_close_matches(str(name).lower(), public, n=3)]
        hint = f" Close: {', '.join(close)}." if close else ""
        raise ValueError(f"There is no {kind} of that name.{hint} Received: {kind}={name!r}")
    return getattr(module, name)


def _make(kind, module, settings, *args):
    arguments = dict(settings)
    name = arguments.pop("name")
    return _call(kind, _member(kind, module, name), args, arguments)


def _augmenter(settings, image_shape):
    return _make(
        "augmenter", augment, settings, image_shape if settings["name"] in BY_IMAGE_SHAPE else image_shape[:2]
    )


def _call(kind, maker, args, arguments):
    try:
        return maker(*args, **arguments)
    except TypeError as error:
        raise ValueError(f"The {kind} does not take these settings: {error}. Received: {arguments}") from error
