"""What pretraining is worth for detection and segmentation: `python -m benchmarks.scenes detection PATH`.

`detection` takes a folder of Pascal VOC with lists train and test, such as BCCD; `segmentation` one with train and
test of images and masks, such as CamVid. Methods learn from the training pictures without labels, by their recipes
and a budget in minutes. Then detectors or segmentation networks are trained on 10, 50 and all labelled pictures: on
each encoder, frozen and fine-tuned, and from random weights; all of them make the same number of steps, with the
settings of `runs.detect` and `runs.segment`. Each is scored once, on the test split: mean and deviation over the
seeds, which choose pictures, augmentation and random weights.

What is done is kept in `--out`, so that a second call goes on. Nothing was tuned on the test split.
"""

import functools
import json
import math
import os
import time
from pathlib import Path

import click
import keras
import numpy as np

from benchmarks.cut_out import CLASSES
from benchmarks.timing import describe_machine, print_table
from keras_ssl import data, plots, runs
from keras_ssl.evaluate import random_encoder
from keras_ssl.runs.scenes import SceneTask, Settings, pixels_for, train_model, usual_size
from keras_ssl.transfer import Detector, Segmenter, average_precision, mean_iou

UNLABELLED = 11  # of CamVid
SCRATCH = "from scratch"
ALL = "all"


def detection(path):
    """The task, and the files of the training pictures."""

    def load(split, class_names, **settings):
        return data.boxes(path, split=split, classes=class_names, **settings)

    return SceneTask("detector", load, Detector, average_precision, plots.detections)


def segmentation(path):
    """The task, and the files of the training pictures."""

    def load(split, class_names, **settings):
        return data.masks(path, split=split, class_names=list(CLASSES), ignore_class=UNLABELLED, **settings)

    build = functools.partial(Segmenter, ignore_class=UNLABELLED)
    draw = functools.partial(plots.masks, ignore_class=UNLABELLED)
    return SceneTask("segmenter", load, build, mean_iou, draw)


TASKS = {"detection": detection, "segmentation": segmentation}


def pretrained(method, pictures, minutes, out, backbone):
    """The encoder of a run on pictures of the training split, made or read."""
    folder = out / f"{method}-{minutes:g}"
    if (folder / "config.yaml").exists():
        return runs.resume(folder, verbose=2).encoder()
    overrides = {"backbone.name": "resnet18", **backbone}
    return runs.pretrain(method, pictures, folder, minutes=minutes, overrides=overrides, verbose=2).encoder()


def links(paths, folder):
    """A folder with links to files."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        link = folder / Path(path).name
        if not link.exists():
            os.symlink(os.path.abspath(path), link)
    return folder


def score(task, folder, start, settings, *, scratch):
    """The scores of one training, made or read."""
    path = folder / "scores.json"
    if not path.exists():
        size = {"batch_size": settings.batch_size, "image_size": settings.image_size}
        train = task.load(
            settings.train_split, None, shuffle=True, seed=settings.seed, max_images=settings.images, **size
        )
        test = task.load(settings.test_split, train.class_names, shuffle=False, **size)
        begun = time.perf_counter()
        model = train_model(
            task, folder, lambda: start(train), train, settings, scratch=scratch, name=folder.name, verbose=0
        )
        found = task.score(model, test)
        report = found.to_dict() | {"seconds": time.perf_counter() - begun}
        path.write_text(json.dumps(report, indent=2))
        keras.backend.clear_session()
        print(f"{folder.name}: {found.name} {found.value}, {report['seconds']:.0f} s", flush=True)
    return json.loads(path.read_text())


def spread(values):
    """Mean and standard deviation in words."""
    return f"{np.mean(values):.3f}" + (f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else "")


@click.command(help=__doc__.splitlines()[0])
@click.argument("kind", type=click.Choice(TASKS))
@click.argument("path", type=click.Path(exists=True))
@click.option("--method", "methods", multiple=True, default=("simclr", "swav"), show_default=True)
@click.option("--minutes", default=5.0, show_default=True, help="Of each pretraining.")
@click.option("--images", multiple=True, default=("10", "50", ALL), show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--steps", default=300, show_default=True, help="Of each training with labels.")
@click.option("--batch-size", default=8, show_default=True)
@click.option("--width", default=32, show_default=True, help="Of the head or the decoder.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/scenes"), show_default=True)
def main(kind, path, methods, minutes, images, seeds, steps, batch_size, width, out):
    print(describe_machine())
    task, out = TASKS[kind](path), out / kind
    everything = task.load("train", None, batch_size=1, image_size=(32, 32), cache=None)
    image_size, count = usual_size(everything.file_paths), len(everything)
    pictures = links(everything.file_paths, out / "pictures")
    backbone = {"backbone.width": 16, "backbone.stem": "large"}
    encoders = {name: pretrained(name, pictures, minutes, out, backbone) for name in methods}
    template = encoders[methods[0]]

    starts = {}
    for name, encoder in encoders.items():
        starts[f"{name}, frozen"] = (lambda train, seed, encoder=encoder: encoder, {"frozen": True})
        starts[f"{name}, fine-tuned"] = (lambda train, seed, encoder=encoder: encoder, {"frozen": False})
    starts[SCRATCH] = (
        lambda train, seed: random_encoder(template, pixels_for(template, train), seed),
        {"frozen": False},
    )
    rows = []
    for name, (start, changes) in starts.items():
        row = {"encoder": name}
        for number in images:
            labelled = count if number == ALL else int(number)
            epochs = math.ceil(steps / max(1, labelled // batch_size))
            found = []
            for seed in range(seeds):
                settings = Settings(
                    str(path), image_size, epochs, min(batch_size, labelled), "train", "test",
                    None if number == ALL else labelled, changes["frozen"], width, seed, "raise",
                )  # fmt: skip
                folder = out / f"{name.replace(', ', '-').replace(' ', '-')}-{number}-{seed}-{steps}"
                begin = functools.partial(start, seed=seed)
                found.append(score(task, folder, begin, settings, scratch=name == SCRATCH))
            for measure in found[0]["overall"]:
                row[f"{measure}, {number}"] = spread([one["overall"][measure] for one in found])
        rows.append(row)
    print_table(rows)


if __name__ == "__main__":
    main()
