"""Checks of a recipe's settings: known names, and values of the right type and range."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import keras

from keras_ssl import augment, backbones, heads, methods, optimizers, tasks
from keras_ssl.did_you_mean import did_you_mean
from keras_ssl.optimizers import CosineMomentum
from keras_ssl.recipes.overrides import LARGEST, is_number, parse_size
from keras_ssl.recipes.settings import override

#: Arguments of methods that the recipe builds from parts of its own.
_MADE = {"encoder", "image_shape", "augmenter", "momentum", "tasks", "seed"}
_OPTIONAL = ("image_size", "read_size", "steps_per_epoch", "augmenter")


_POSITIVE = "above 0", lambda value: value > 0
_NOT_NEGATIVE = "0 or more", lambda value: value >= 0
_SHARE = "from 0 to 1", lambda value: 0 <= value <= 1
_DECAY = "from 0 to below 1", lambda value: 0 <= value < 1
#: Ranges of numbers that Keras and the schedules do not check.
RANGES = {
    "learning_rate": {"base": _POSITIVE, "constant": _POSITIVE, "warmup_epochs": _NOT_NEGATIVE},
    "momentum": {"initial": _SHARE, "final": _SHARE, "time_constant": _POSITIVE},
    "optimizer": {
        **dict.fromkeys(("beta_1", "beta_2", "rho"), _DECAY),
        **dict.fromkeys(("momentum", "ema_momentum"), _SHARE),
        **dict.fromkeys(("l2", "weight_decay"), _NOT_NEGATIVE),
        **dict.fromkeys(("epsilon", "clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"), _POSITIVE),
        "trust_coefficient": _POSITIVE,
    },
}


def lookup(kind: str, module: Any, name: str) -> Any:
    """Return the public object of a module by its name.

    Args:
        kind: String. What is looked up, for the message.
        module: The module.
        name: String. The name.

    Raises:
        ValueError: If there is none. The message has similar names.
    """
    public = getattr(module, "__all__", None) or dir(module)
    if name not in public:
        raise ValueError(
            f"There is no {kind} of that name.{did_you_mean(name, public, most=3)} Received: {kind}={name!r}"
        )
    return getattr(module, name)


def optimizer_module(name: str) -> Any:
    """The module that has the optimizer: this package's if it has one of that name, otherwise Keras' own."""
    return optimizers if name in optimizers.__all__ else keras.optimizers


def apply_overrides(settings: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Apply the caller's changes to a recipe's settings, and check the result.

    Args:
        settings: Dict. The recipe's settings.
        overrides: Dict. The changes, with dots in the keys for nesting.

    Raises:
        ValueError: If no method can be built with the result, as far as that shows before it is built.
    """
    changed = dict(settings)
    for key, value in overrides.items():
        changed = override(changed, key, value)
    _check_settings(changed, settings)
    return changed


def check_saved_settings(settings: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Check the settings of a recipe that were saved in a file, which may have been changed.

    Args:
        settings: Dict. The settings in the file.
        own: Dict. The settings of the method's recipe.

    Raises:
        ValueError: If a setting is missing or unknown, or no method can be built with them.
    """
    known = {*own, *_OPTIONAL}
    if missing := sorted(known - {*settings, *_OPTIONAL}):
        raise ValueError(f"The settings of a recipe must have {', '.join(missing)}. Received: {', '.join(settings)}")
    for key, value in settings.items():
        _check_name("recipe", key, value, known)
    _check_settings(settings, own)
    _check_complete("learning_rate", settings["learning_rate"], ("constant",), ("base", "warmup_epochs"))
    if "momentum" in settings:
        _check_complete("momentum", settings["momentum"], ("initial",), ("time_constant",))


def _check_complete(key, value, *ways):
    if not any(set(names) <= set(value) for names in ways):
        words = " or ".join(" and ".join(f"{key}.{name}" for name in names) for names in ways)
        raise ValueError(f"The settings of a recipe must have {words}. Received: {key}={value!r}")


def _check_settings(settings, own):
    for key, value in settings.items():
        if value is None and own.get(key) is not None and key not in _OPTIONAL:
            raise ValueError(f"{key} cannot be left out of this recipe. Received: {key}=None")
    for key in ("batch_size", "epochs", "steps_per_epoch"):
        if settings.get(key) is not None:
            _check_whole(key, settings[key])
    for key in ("image_size", "read_size"):
        if settings.get(key) is not None:
            parse_size(key, settings[key])
    method = lookup("method", methods, settings["method"])
    arguments = _parameters(method)
    _check_part("backbone", backbones, settings.get("backbone"))
    _check_part("augmenter", augment, settings.get("augmenter"))
    _check_each("heads", heads, settings.get("heads"), set(arguments) - _MADE)
    _check_each("tasks", tasks, settings.get("tasks"))
    made = _MADE | set(settings.get("heads") or ())
    for key in ("arguments", "arguments_in_epochs"):
        _check_values(key, settings.get(key), {name: arguments[name] for name in arguments if name not in made})
    _check_numbers("learning_rate", settings["learning_rate"], {**own["learning_rate"], "constant": 0.1})
    if "momentum" in settings:
        _check_numbers(
            "momentum", settings["momentum"], {**_parameters(CosineMomentum, drop=1), "time_constant": 1.0}
        )
    for key, optimizer in _optimizers(settings, own).items():
        _check_part(key, None, optimizer, RANGES["optimizer"])


def _check_whole(key, value):
    """Raises a ValueError unless `value` is an integer from 1 to the largest that TensorFlow counts to."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise ValueError(f"{key} must be a whole number from 1 to {LARGEST}. Received: {key}={value!r}")


def _optimizers(settings, own):
    if "optimizers" not in settings:
        return {"optimizer": settings["optimizer"]}
    several = settings["optimizers"]
    _check_dict("optimizers", several)
    for name, optimizer in several.items():
        _check_name("optimizers", name, optimizer, own["optimizers"])
    return {f"optimizers.{name}": optimizer for name, optimizer in several.items()}


def _check_each(key, module, parts, names=None):
    """Checks parts that have names of their own, which are among `names`, and may be left out by None."""
    if parts is None:
        return
    _check_dict(key, parts)
    for name, part in parts.items():
        if names is not None:
            _check_name(key, name, part, names)
        if part is not None or key == "heads":
            _check_part(f"{key}.{name}", module, part)


def _check_part(key, module, part, ranges=None):
    """Checks what is made by its `name` with arguments."""
    if part is None and key in ("backbone", "augmenter"):
        return
    _check_dict(key, part)
    if "name" not in part:
        raise ValueError(f"{key} needs a name, of what to make. Received: {key}={part!r}")
    kind = key.partition(".")[0].removesuffix("s")
    module = module or optimizer_module(part["name"])
    known = _parameters(lookup(kind, module, part["name"]), drop=0 if module is tasks else 1)
    _check_values(key, {name: value for name, value in part.items() if name != "name"}, known, ranges)


def _check_values(key, values, known, ranges=None):
    """Checks values by name against the names, and the values, that are `known`; None for any."""
    if values is None:
        return
    _check_dict(key, values)
    for name, value in values.items():
        if known is not None:
            _check_name(key, name, value, known)
            _check_kind(f"{key}.{name}", value, known[name])
        if value is not None and name in (ranges or {}):
            _check_range(f"{key}.{name}", value, ranges[name])


def _check_numbers(key, values, known):
    """Checks a part that has no `name`, and no number that may be None but the one that follows from the others."""
    _check_values(key, values, known, RANGES[key])
    for name, value in values.items():
        if value is None and name != "final":
            raise ValueError(f"{key}.{name} must be a number. Received: {key}.{name}=None")


def _check_dict(key, value):
    if not isinstance(value, dict):
        raise ValueError(f"{key} must be several settings, such as {{name: …}}. Received: {key}={value!r}")


def _check_name(key, name, value, known):
    if name not in known:
        hint = did_you_mean(name, known, part_of=key)
        raise ValueError(f"{key} has the settings {', '.join(sorted(known))}.{hint} Received: {key}.{name}={value!r}")


def _check_kind(key, value, usual):
    """Checks that a value is of the kind of the usual one: a switch, a number or numbers, or a word."""
    if value is None or usual in (None, inspect.Parameter.empty):
        fits, kind = True, ""
    elif isinstance(usual, bool):
        fits, kind = isinstance(value, bool), "true or false"
    elif isinstance(usual, int | float | list | tuple):
        fits, kind = all(map(_is_finite, value if isinstance(value, list | tuple) else [value])), "a number"
        kind = "numbers" if isinstance(usual, list | tuple) else kind
    else:
        fits, kind = not isinstance(usual, str) or isinstance(value, str), "a word"
    if not fits:
        raise ValueError(f"{key} must be {kind}, such as {usual}. Received: {key}={value!r}")


def _check_range(key, value, numbers):
    words, is_in = numbers
    if not _is_finite(value) or not is_in(value):
        raise ValueError(f"{key} must be a number {words}. Received: {key}={value!r}")


def _is_finite(value):
    return is_number(value) and math.isfinite(value)


def _parameters(maker, drop=0):
    """The arguments of a function or a class, by name, with their defaults; None of what is neither.

    Args:
        maker: the function or class.
        drop: int, how many of the first the recipe gives itself.
    """
    if not inspect.isfunction(maker) and not inspect.isclass(maker):
        return None
    known = {}
    # Of a class also those of its bases, as far as they are passed on.
    for each in [maker] if inspect.isfunction(maker) else maker.__mro__:
        if not (each is maker or ("__init__" in vars(each) and each.__module__.startswith("keras"))):
            continue
        parameters = list(inspect.signature(each).parameters.values())
        named = [p for p in parameters[drop:] if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        known = {**{p.name: p.default for p in named}, **known}
        if not any(p.kind == p.VAR_KEYWORD for p in parameters):
            return known
    if inspect.isfunction(maker):  # `for_images` and `multi_crop` pass them on to one of these
        known = {**_parameters(augment.simclr, drop), **_parameters(augment.grayscale, drop), **known}
    return known
