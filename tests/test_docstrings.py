"""The examples of all docstrings give what they say. Those that only compute are quick; others train or compile."""

import doctest
import importlib
import pkgutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl

QUICK = ("backbones", "heads", "layers", "losses", "optimizers")


def documented():
    """A `DocTest` for each docstring of the package that has an example."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for found in pkgutil.walk_packages(keras_ssl.__path__, "keras_ssl."):
        for example in finder.find(importlib.import_module(found.name), found.name):
            if example.examples:
                room = found.name.split(".")[1]
                yield pytest.param(example, id=example.name, marks=[] if room in QUICK else pytest.mark.slow)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What examples find in the folder that they run in: photographs, in one subfolder a class."""
    rng = np.random.default_rng(0)
    for number in range(80):
        path = tmp_path / "photos" / f"class_{number % 2}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(rng.integers(0, 256, (100, 120, 3), "uint8")).numpy())
    make_scenes(tmp_path, rng)
    monkeypatch.chdir(tmp_path)


def make_scenes(folder, rng):
    """A Pascal VOC folder, and one of pictures with masks."""
    for place in ("cells/Annotations", "cells/JPEGImages", "streets/train/images", "streets/train/masks"):
        (folder / place).mkdir(parents=True)
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    for number, name in enumerate(["RBC", "WBC"]):
        picture = tf.io.encode_jpeg(rng.integers(0, 256, (30, 40, 3), "uint8")).numpy()
        (folder / f"cells/JPEGImages/{number}.jpg").write_bytes(picture)
        xml = f"<annotation><object><name>{name}</name>{box}</object></annotation>"
        (folder / f"cells/Annotations/{number}.xml").write_text(xml)
        (folder / f"streets/train/images/{number}.jpg").write_bytes(picture)
        mask = tf.io.encode_png(rng.integers(0, 3, (30, 40, 1), "uint8")).numpy()
        (folder / f"streets/train/masks/{number}.png").write_bytes(mask)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("example", documented())
def test_an_example_gives_what_it_says(example):
    rng = np.random.default_rng(0)
    given = {
        "images": rng.integers(0, 256, (16, 32, 32, 3), "uint8"),
        "labels": np.arange(16) % 2,
    }
    # `globs` is the module that the docstring stands in.
    example.globs |= {"keras_ssl": keras_ssl, "keras": keras, "np": np, "tf": tf, **given}
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(example, out=said.append).failed == 0, "".join(said)
