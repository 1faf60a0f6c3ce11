"""An encoder inside the networks of keras-cv, by the words of docs/detection.md."""

import re
from pathlib import Path

import keras
import keras_cv
import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs" / "detection.md"


@pytest.fixture(scope="module")
def documented():
    """What the code of the page defines, with a narrow network and small images."""
    page = DOCS.read_text(encoding="utf-8").partition("## In the networks of keras-cv")[2]
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    names = {"__name__": "documented"}
    exec(code.replace("width=16", "width=4").replace("256, 256", "64, 64"), names)
    return names


def assert_saved_as_it_is(model, images, path):
    model.save(path)
    loaded = keras.saving.load_model(path)
    for got, wanted in zip(keras.tree.flatten(loaded(images)), keras.tree.flatten(model(images)), strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_retinanet_is_trained_and_loaded(documented, rng, tmp_path):
    detector = documented["detector"]
    detector.compile("adam", classification_loss="focal", box_loss="smoothl1", jit_compile=False)
    images = rng.uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    boxes = {"boxes": np.tile([[[0.1, 0.1, 0.5, 0.5]]], (2, 1, 1)), "classes": np.zeros((2, 1))}
    assert np.isfinite(detector.fit(images, boxes, verbose=0).history["loss"]).all()
    assert_saved_as_it_is(detector, images, tmp_path / "retinanet.keras")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_deeplab_is_trained_and_loaded(documented, rng, tmp_path):
    network = keras_cv.models.DeepLabV3Plus(num_classes=4, backbone=documented["backbone"])
    network.compile("adam", loss="sparse_categorical_crossentropy", jit_compile=False)
    images = rng.uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    assert np.isfinite(network.fit(images, np.zeros((2, 64, 64), "int32"), verbose=0).history["loss"]).all()
    assert_saved_as_it_is(network, images, tmp_path / "deeplab.keras")
