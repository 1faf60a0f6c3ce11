import itertools
import shlex
from pathlib import Path


def next_command(run):
    """The command that trains as a run did, into a folder beside it; options may follow.

    Args:
        run: a `Run`.
    """
    config, data = run.config, run.config["data"]
    out = next(path for number in itertools.count(2) if not (path := Path(f"{run.path}-{number}")).exists())
    words = ["keras-ssl", "pretrain", config["name"], "--data", data["name"]]
    words += [] if data["split"] == "train" else ["--split", data["split"]]
    return shlex.join([*words, "--out", str(out)])
