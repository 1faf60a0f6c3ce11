"""The settings of a run: `config.yaml`, and what it must hold."""

import difflib
import warnings

import keras
import tensorflow as tf
import yaml

import keras_ssl
from keras_ssl.write_aside import write_aside

_SIZE = (list, type(None))
#: What a run cannot do without, by kind; in "recipe" lie further settings, which the method checks.
_REQUIRED = {
    "name": str,
    "data": dict,
    "recipe": dict,
    "policy": str,
    "seed": int,
    "jit_compile": (bool, str),
    "monitor": bool,
    "data.name": str,
    "data.split": str,
    "data.image_size": _SIZE,
    "data.read_size": _SIZE,
    "data.channels": int,
    "data.data_dir": (str, type(None)),
    "data.on_error": str,
    "data.resize": str,
    "recipe.method": str,
    "recipe.epochs": int,
    "recipe.batch_size": int,
}
#: What runs of some versions do not have.
_OPTIONAL = {
    "images": (int, type(None)),
    "decisions": list,
    "report_every": int,
    "versions": dict,
    "cached": dict,
    "data.bits": (int, type(None)),
    "data.cache": str,
}
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
    text = yaml.dump(config, Dumper=_WithoutAliases, sort_keys=False)
    write_aside(path, lambda aside: aside.write_text(text, encoding="utf-8"))


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
    for key, kinds in {**_REQUIRED, **_OPTIONAL}.items():
        part, name = _part(config, key)
        if name not in part and key in _OPTIONAL:
            continue
        if name not in part:
            raise ValueError(
                f"The settings of a run must have {key}: take the run's own config.yaml again. "
                f"Received: {path} without {key}"
            )
        if not isinstance(part[name], kinds) or (kinds is int and isinstance(part[name], bool)):
            raise ValueError(
                f"The setting {key} of a run must be of the kind {_names(kinds)}. "
                f"Received: {key}={part[name]!r} in {path}"
            )
    _warn_of_unknown(config, path)
    _warn_of_versions(config.get("versions"), path)
    return config


def _part(config, key):
    *parents, name = key.split(".")
    return (config[parents[0]] if parents else config), name


def _names(kinds):
    return " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))


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
    known = {*_REQUIRED, *_OPTIONAL}
    given = [*map(str, config), *(f"data.{name}" for name in config["data"])]
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            warnings.warn(
                f"This version has no setting {key!r} of a run, and leaves it out{hint} ({path})", stacklevel=2
            )


def _warn_of_versions(wrote, path):
    here = versions()
    others = {name: version for name, version in (wrote or {}).items() if here.get(name) not in (None, version)}
    if others:
        warnings.warn(
            f"The run was made with {', '.join(f'{name} {version}' for name, version in others.items())}; here are "
            f"{', '.join(f'{name} {here[name]}' for name in others)}. Numbers may differ, and what it saved may not "
            f"load ({path})",
            stacklevel=2,
        )
