import itertools
import shlex
from pathlib import Path
from typing import Any

from keras_ssl.recipes.settings import read
from keras_ssl.runs.data_source import has_labels

# Options of a training: the name, the key in config.yaml, and the default.
_OPTIONS = (
    ("--split", "data.split", "train"),
    ("--channels", "data.channels", 3),
    ("--bits", "data.bits", None),
    ("--resize", "data.resize", "crop"),
    ("--on-error", "data.on_error", "raise"),
    ("--data-dir", "data.data_dir", None),
    ("--policy", "policy", "float32"),
    ("--seed", "seed", 0),
)


def next_command(run: Any) -> str:
    """The command that repeats the training of a run in a new folder beside it. Options can be appended.

    Args:
        run: A `Run`.
    """
    config = run.config
    out = next(path for number in itertools.count(2) if not (path := Path(f"{run.path}-{number}")).exists())
    words = ["keras-ssl", "pretrain", config["name"], "--data", config["data"]["name"]]
    for option, key, default in _OPTIONS:
        value = read(config, key)
        words += [] if value in (default, None) else [option, str(value)]
    words += [] if config["monitor"] else ["--no-monitor"]
    return shlex.join([*words, "--out", str(out)])


def command_after(run: Any) -> str:
    """The command that scores a run if there are labels, and otherwise embeds its images.

    Args:
        run: A `Run`.
    """
    source = run.config["data"]
    if has_labels(source):
        return shlex.join(["keras-ssl", "evaluate", str(run.path)])
    return shlex.join(["keras-ssl", "embed", str(run.path), source["name"], "--to", "features.npz"])
