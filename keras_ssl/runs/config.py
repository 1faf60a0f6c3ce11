"""The settings of a run: `config.yaml`, and what it must hold."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

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
    """The values that a setting may have.

    Attributes:
        words: String. What a message says after "must be".
        fits: Function from a value to whether it is allowed.
    """

    words: str
    fits: Callable[[Any], bool]


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
#: Settings that every run must have. "recipe" has more, which the method checks.
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
#: Settings that runs of some versions or methods do not have.
_OPTIONAL = {
    "images": _or_none(_COUNT),
    "decisions": _Kind("a list", lambda value: isinstance(value, list)),
    "report_every": _COUNT,
    "versions": _PARTS,
    "cached": _PARTS,
    "data.bits": _or_none(_whole(8, 16)),
    "data.cache": _one_of(*CACHES),
    # The verdict on a run reads these.
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
# With aliases, a small YAML file can describe a huge value. Settings have some hundred entries.
_MOST_CHARACTERS = 1_000_000


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def versions() -> dict[str, str]:
    """The versions of the libraries, which a run records."""
    return {"tensorflow": tf.__version__, "keras": keras.__version__, "keras_ssl": keras_ssl.__version__}


def write_config(path: Path, config: Mapping[str, Any]) -> None:
    """Write the settings of a run as YAML without aliases."""
    text = _HEADER + yaml.dump(config, Dumper=_WithoutAliases, sort_keys=False)
    atomic_write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def read_config(path: Path) -> dict[str, Any]:
    """Read and check the settings of a run.

    Raises:
        ValueError: If the file is not YAML, or a setting is missing or not allowed.

    Warns:
        UserWarning: For settings that this version does not know, and if the file was written by other versions.
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
                    f"This version does not know the setting {prefix}{name} of a run, and ignores it."
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
