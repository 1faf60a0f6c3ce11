"""The settings of a run: `config.yaml`, and what it must hold."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf
import yaml

import keras_ssl
from keras_ssl.data.cache import CACHES
from keras_ssl.data.resize import RESIZE_MODES
from keras_ssl.did_you_mean import did_you_mean
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.recipes.overrides import LARGEST, is_number
from keras_ssl.recipes.settings import read


class _Kind(NamedTuple):
    """What a setting may be.

    Attributes:
        words: str, behind "must be".
        fits: function of a value to whether it is one.
    """

    words: str
    fits: Callable


def _whole(low, high):
    return _Kind(f"a whole number from {low} to {high}", lambda value: type(value) is int and low <= value <= high)


def _one_of(*words):
    return _Kind(f"one of {', '.join(words)}", lambda value: value in words)


def _or_none(kind):
    return _Kind(f"{kind.words}, or null", lambda value: value is None or kind.fits(value))


_WORD = _Kind("a word", lambda value: isinstance(value, str))
_NUMBER = _Kind("a number", is_number)
_COUNT = _whole(1, LARGEST)
_SWITCH = _Kind("true or false", lambda value: isinstance(value, bool))
_PARTS = _Kind("several settings by name", lambda value: isinstance(value, dict))
_SIZE = _Kind(
    "height and width in pixels, such as [96, 96]",
    lambda value: isinstance(value, list) and len(value) == 2 and all(map(_COUNT.fits, value)),
)
#: What a run cannot do without; in "recipe" lie further settings, which the method checks.
_REQUIRED = {
    "name": _WORD,
    "data": _PARTS,
    "recipe": _PARTS,
    "policy": _WORD,
    "seed": _Kind("a whole number", lambda value: type(value) is int),
    "jit_compile": _Kind("true, false or auto", lambda value: value == "auto" or _SWITCH.fits(value)),
    "monitor": _SWITCH,
    "data.name": _WORD,
    "data.split": _WORD,
    "data.image_size": _or_none(_SIZE),
    "data.read_size": _or_none(_SIZE),
    "data.channels": _COUNT,
    "data.data_dir": _or_none(_WORD),
    "data.on_error": _one_of("raise", "skip"),
    "data.resize": _one_of(*RESIZE_MODES),
    "recipe.method": _WORD,
    "recipe.epochs": _COUNT,
    "recipe.batch_size": _COUNT,
}
#: What runs of some versions, or of some methods, do not have.
_OPTIONAL = {
    "images": _or_none(_COUNT),
    "decisions": _Kind("a list", lambda value: isinstance(value, list)),
    "report_every": _COUNT,
    "versions": _PARTS,
    "cached": _PARTS,
    "data.bits": _or_none(_whole(8, 16)),
    "data.cache": _one_of(*CACHES),
    # What is said of a run is read from these.
    "recipe.steps_per_epoch": _or_none(_COUNT),
    "recipe.learning_rate": _PARTS,
    "recipe.learning_rate.base": _NUMBER,
    "recipe.learning_rate.constant": _NUMBER,
    "recipe.augmenter": _or_none(_PARTS),
    "recipe.augmenter.strength": _NUMBER,
}
_HEADER = """\
# The settings of a run. --resume reads from here data, policy, seed, monitor, and of the recipe epochs, batch_size
# and steps_per_epoch; once there is a checkpoint, the method, its networks and its optimizers are the checkpoint's.
"""
# Aliases of YAML make a small file a large one; settings have some hundred entries.
_MOST_CHARACTERS = 1_000_000


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def versions():
    """The versions that a run is made with."""
    return {"tensorflow": tf.__version__, "keras": keras.__version__, "keras_ssl": keras_ssl.__version__}


def write_config(path, config):
    """Writes the settings of a run as YAML without aliases."""
    text = _HEADER + yaml.dump(config, Dumper=_WithoutAliases, sort_keys=False)
    atomic_write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def read_config(path):
    """The settings of a run, a dict.

    Raises:
        ValueError: where the file is no YAML, or a setting is missing or of another kind.

    Warns:
        UserWarning: for settings that this version does not know, and where other versions wrote the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
        config = yaml.safe_load(text) if len(text) <= _MOST_CHARACTERS else None
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(
            f"The settings of a run must be YAML: {' '.join(str(error).split())}. Received: {path}"
        ) from error
    if not isinstance(config, dict) or not _is_small(config):
        raise ValueError(
            f"The settings of a run must be a mapping of at most {_MOST_CHARACTERS} characters, with all aliases in "
            f"their place. Received: {path}"
        )
    for key, kind in {**_REQUIRED, **_OPTIONAL}.items():
        *parents, name = key.split(".")
        part = read(config, ".".join(parents)) if parents else config
        if key in _OPTIONAL and (part is None or name not in part):
            continue
        if name not in part:
            raise ValueError(
                f"The settings of a run must have {key}: take the run's own config.yaml again. "
                f"Received: {path} without {key}"
            )
        if not kind.fits(part[name]):
            raise ValueError(
                f"The setting {key} of a run must be {kind.words}. Received: {key}={part[name]!r} in {path}"
            )
    _warn_of_unknown(config, path)
    _warn_of_versions(config.get("versions"), path)
    return config


def _is_small(config):
    left, parts = _MOST_CHARACTERS, [config]
    while parts and left > 0:
        part = parts.pop()
        if isinstance(part, dict):
            parts += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            parts += part
        left -= len(part) + 1 if isinstance(part, str | dict | list | tuple | bytes) else 1
    return left > 0


def _warn_of_unknown(config, path):
    for part_of, given in ((None, config), ("data", config["data"])):
        prefix = f"{part_of}." if part_of else ""
        known = [key.removeprefix(prefix) for key in (*_REQUIRED, *_OPTIONAL) if key.startswith(prefix)]
        known = [name for name in known if "." not in name]
        for name in given:
            if name not in known:
                warnings.warn(
                    f"This version has no setting {prefix}{name} of a run, and leaves it out."
                    f"{did_you_mean(name, known, part_of=part_of)} Received: {path}",
                    stacklevel=2,
                )


def _warn_of_versions(wrote, path):
    here = versions()
    others = {name: version for name, version in (wrote or {}).items() if here.get(name) not in (None, version)}
    if others:
        warnings.warn(
            f"The run was made with {', '.join(f'{name} {version}' for name, version in others.items())}; here are "
            f"{', '.join(f'{name} {here[name]}' for name in others)}. Numbers may differ, and what it saved may not "
            f"load. Received: {path}",
            stacklevel=2,
        )
