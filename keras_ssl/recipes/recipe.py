import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from keras_ssl import augment, backbones, heads, methods, optimizers, tasks
from keras_ssl.backbones.seeded_weights import seeded_weights
from keras_ssl.optimizers import CosineMomentum
from keras_ssl.recipes.validation import lookup, optimizer_module

if TYPE_CHECKING:
    import keras_ssl

# Augmentations that depend on the number of channels too, not on the size alone.
BY_IMAGE_SHAPE = ("for_images", "multi_crop")


@dataclass(frozen=True)
class Recipe:
    """A method's settings for a data set, and how they become a compiled method.

    Attributes:
        name: String. The method's name as in `recipes.names()`.
        settings: Dict. The default settings of the YAML file, updated by those for the data and by the caller's.
        summary: String. One line about the method.
        decisions: Tuple of `Decision`. What follows from the images and the budget, and why.
        image_shape: Tuple `(height, width, channels)` of the network's images, or `None` if it was not planned.
    """

    name: str
    settings: dict
    summary: str = ""
    decisions: tuple = ()
    image_shape: tuple | None = None

    def build(
        self,
        image_shape: Sequence[int],
        steps_per_epoch: int,
        *,
        seed: int = 0,
        jit_compile: bool | str = "auto",
    ) -> "keras_ssl.SelfSupervisedModel":
        """Build and compile the method.

        Args:
            image_shape: Tuple `(height, width, channels)`.
            steps_per_epoch: Integer. Steps of one pass over the images. The schedules of the learning rate and the
                momentum span all epochs. If the settings have `steps_per_epoch`, an epoch has that length instead of
                one pass.
            seed: Integer. Seed of the weights and of the training's random draws. The caller's random generators do
                not change. Defaults to `0`.
            jit_compile: As in `SelfSupervisedModel.compile`. Defaults to `"auto"`.

        Returns:
            A compiled `keras_ssl.SelfSupervisedModel`.

        Raises:
            ValueError: If the settings name something that does not exist, or that does not take its arguments.
        """
        with seeded_weights(seed):
            model = self._method(image_shape, steps_per_epoch, seed)
        model.compile(**self._optimizers(steps_per_epoch), jit_compile=jit_compile)
        return model

    def _method(self, image_shape, steps_per_epoch, seed):
        settings = self.settings
        method = lookup("method", methods, settings["method"])
        arguments = {"seed": seed, **settings.get("arguments", {})}
        for name, epochs in settings.get("arguments_in_epochs", {}).items():
            arguments[name] = round(epochs * self._pass(steps_per_epoch))
        if "momentum" in settings:
            arguments["momentum"] = _momentum(settings["momentum"], self._total_steps(steps_per_epoch))
        if settings.get("augmenter") is not None:
            arguments["augmenter"] = _augmenter(settings["augmenter"], image_shape)
        if "tasks" in settings:
            given = {name: task for name, task in settings["tasks"].items() if task is not None}
            arguments["tasks"] = {name: _make("task", tasks, task) for name, task in given.items()}
        if "backbone" in settings:
            encoder = _network("backbone", backbones, settings["backbone"], image_shape)
            units = encoder.output_shape[-1]
            for name, head in settings.get("heads", {}).items():  # each on what the one before gives
                arguments[name] = _network(name, heads, head, units)
                units = arguments[name].output_shape[-1]
            return _call("method", method, (encoder,), arguments)
        # The method builds its encoder itself.
        return _call("method", method, (tuple(image_shape),), arguments)

    def learning_rate(self, steps_per_epoch: int) -> "float | keras.optimizers.schedules.LearningRateSchedule":
        """The schedule over all epochs: linear warm-up, then half a cosine down to zero; or a constant."""
        rate, total_steps = self.settings["learning_rate"], self._total_steps(steps_per_epoch)
        if "constant" in rate:
            return float(rate["constant"])  # Keras refuses an integer
        return optimizers.scaled_cosine(
            rate["base"],
            self.settings["batch_size"],
            total_steps=total_steps,
            # A short run spends at most a tenth of its steps warming up.
            warmup_steps=min(rate["warmup_epochs"] * self._pass(steps_per_epoch), total_steps / 10),
        )

    def _epoch(self, steps_per_epoch):
        """An epoch of the training, in steps."""
        return self.settings.get("steps_per_epoch") or steps_per_epoch

    def _total_steps(self, steps_per_epoch):
        return self._epoch(steps_per_epoch) * self.settings["epochs"]

    def _pass(self, steps_per_epoch):
        """What the settings call an epoch, in steps: one pass over the images, or the trained parts of it."""
        return min(steps_per_epoch, self._epoch(steps_per_epoch))

    def _optimizers(self, steps_per_epoch):
        """The optimizers by their names as arguments of `compile`: one, unless the recipe lists several."""
        by_argument = self.settings.get("optimizers") or {"optimizer": self.settings["optimizer"]}
        return {name: self._optimizer(settings, steps_per_epoch) for name, settings in by_argument.items()}

    def _optimizer(self, settings, steps_per_epoch):
        arguments = dict(settings)
        name = arguments.pop("name")
        maker = lookup("optimizer", optimizer_module(name), name)
        made = _call("optimizer", maker, (self.learning_rate(steps_per_epoch),), arguments)
        optimizer = _of_kind("optimizer", keras.optimizers.Optimizer, made, settings)
        rate = self.settings["learning_rate"]
        if "constant_for" not in rate:
            return optimizer
        peak = optimizers.scaled_learning_rate(rate["base"], self.settings["batch_size"])
        constant = _call("optimizer", maker, (peak,), arguments)
        by_path = keras.optimizers.OptimizerMap(optimizer, {rate["constant_for"]: constant})
        return keras.optimizers.MultiOptimizer(by_path)


def _momentum(settings, total_steps):
    """The schedule of a momentum encoder's momentum.

    With a `time_constant` the momentum encoder begins as an average over that many times the square root of the steps
    of the training: BYOL's 0.996 in the 93 600 steps of 300 epochs is 0.82 of it, MoCo's 0.999 in 10^6 steps 1.
    """
    settings = dict(settings)
    if time_constant := settings.pop("time_constant", None):
        settings["initial"] = 1 - 1 / max(2.0, time_constant * math.sqrt(total_steps))
    final = settings.get("final")
    settings["final"] = settings["initial"] if final is None else max(final, settings["initial"])
    return _call("momentum", CosineMomentum, (total_steps,), settings)


def _make(kind, module, settings, *args):
    arguments = dict(settings)
    name = arguments.pop("name")
    return _call(kind, lookup(kind, module, name), args, arguments)


def _network(kind, module, settings, given):
    return _of_kind(kind, keras.Model, _make(kind, module, settings, given), settings)


def _augmenter(settings, image_shape):
    given = image_shape if settings["name"] in BY_IMAGE_SHAPE else image_shape[:2]
    made = _make("augmenter", augment, settings, given)
    return _of_kind("augmenter", augment.Augmenter | augment.MultiCrop, made, settings)


def _of_kind(kind, expected, made, settings):
    if not isinstance(made, expected):
        raise ValueError(
            f"The settings of the {kind} make a {type(made).__name__}, which is none. Received: {kind}={settings}"
        )
    return made


# What makers raise for settings that they did not foresee; NotImplementedError is a RuntimeError.
_REFUSALS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError, tf.errors.OpError)


def _call(kind, maker, args, arguments):
    try:
        return maker(*args, **arguments)
    except _REFUSALS as error:
        if isinstance(error, ValueError) and "Received: " in str(error):
            raise
        raise ValueError(
            f"The {kind} does not take these settings: {error}. "
            f"Received: {kind}={getattr(maker, '__name__', maker)} with {arguments}"
        ) from error
