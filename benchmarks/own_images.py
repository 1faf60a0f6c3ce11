"""What a budget in minutes is worth on few images: `python -m benchmarks.own_images digits photos/ --minutes 15`.

Methods are trained with nothing but the data and the minutes, by `runs.pretrain`, and scored by kNN, logistic
regression and ten labels per class beside raw pixels and random encoders, by `runs.evaluate`; where classes are
unequal, by balanced accuracy too. Data are folders with one subfolder a class, `digits`, and `cifar10`, which is 2000
of its images, tested on 2000 others; the latter two where none are given.

Runs are kept in `--out`: what was interrupted goes on, and what is done is only shown. Minutes are by the clock, so
nothing else should run. `--set` changes a setting, to see what the recipe's own is worth. `benchmarks.cut_out` makes
folders of cells and of street scenes.
"""

import json
from pathlib import Path

import click

from benchmarks.timing import describe_machine, print_table
from keras_ssl import evaluate, runs
from keras_ssl.cli import parse_setting

METHODS = ("simclr", "moco", "byol", "barlow_twins", "swav", "dino")
# The splits that are learned from and scored, where they are not the whole ones.
PARTS = {"cifar10": ("train[:2000]", "test[:2000]")}
PROTOCOLS = ("knn", "linear", "few-label")
SHOWN = ("kNN", "linear probe", "10 labels per class")


def row(method, data, minutes, out, data_dir, changes=()):
    """The scores of one training, made, gone on with or read; `changes` of its settings are "key=value"."""
    train_split, test_split = PARTS.get(data, ("train", "test"))
    folder = out / "-".join((Path(data).name, method, f"{minutes:g}", *changes))
    if (folder / "config.yaml").exists():
        run = runs.resume(folder, verbose=2)
    else:
        run = runs.pretrain(
            method,
            data,
            folder,
            split=train_split,
            minutes=minutes,
            data_dir=data_dir,
            overrides=dict(map(parse_setting, changes)),
            verbose=2,
        )
    if not (folder / "evaluation.json").exists():
        runs.evaluate(run, PROTOCOLS, train_split=train_split, test_split=test_split, verbose=0)
    rows = json.loads((folder / "evaluation.json").read_text())
    return [
        {"data": Path(data).name, "features": name, "minutes": minutes} | columns(rows[name])
        for name in (run.config["recipe"]["method"], "random encoder", "raw pixels")
    ]


def columns(scores):
    """What the table shows of a row of evaluation.json: with the balanced accuracy where classes are unequal."""
    shown = [evaluate.Score(**scores[name]) for name in SHOWN if name in scores]
    return {column: value for score in shown for column, value in score.columns.items()}


@click.command(help=__doc__)
@click.argument("data", nargs=-1)
@click.option("--minutes", default=15.0, show_default=True)
@click.option("--method", "methods", multiple=True, default=METHODS, show_default=True)
@click.option("--out", default="runs/own_images", show_default=True, type=click.Path(path_type=Path))
@click.option("--data-dir", help="Where the prepared TFDS data sets lie.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="A setting to change, as in pretrain.")
def main(data, minutes, methods, out, data_dir, changes):
    print(describe_machine())
    for name in data or ("digits", "cifar10"):
        rows = [row(method, name, minutes, out, data_dir, changes) for method in methods]
        # Baselines are those of the network that the method has; they are shown once where they are the same.
        print_table(list({tuple(line.items()): line for lines in rows for line in lines}.values()))


if __name__ == "__main__":
    main()
