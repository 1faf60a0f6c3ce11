"""`runs.detect` and `runs.segment` on folders of scenes."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import data, export, runs
from keras_ssl.runs.scenes import usual_size

SETTINGS = {"image_size": (32, 48), "batch_size": 4, "width": 16, "verbose": 0}
OBJECT = (
    "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)


def scenes(count, seed):
    drawn = data.digit_scenes(count, seed, targets="both", image_size=(40, 60), sizes=(16, 30), batch_size=count)
    images, targets = next(drawn.as_numpy_iterator())
    return images, targets


@pytest.fixture(scope="session")
def voc(tmp_path_factory):
    """A folder of Pascal VOC: pictures of digits, of which only low and high ones are told apart."""
    folder = tmp_path_factory.mktemp("voc")
    for name in ("JPEGImages", "Annotations", "splits"):
        (folder / name).mkdir()
    for split, seed in (("train", 0), ("test", 1)):
        images, targets = scenes(8, seed)
        names = []
        for number, (image, boxes, classes) in enumerate(
            zip(images, targets["boxes"], targets["classes"], strict=True)
        ):
            name = f"{split}{number}"
            names.append(name)
            pixels = np.round(boxes * (40, 60, 40, 60)).astype(int)
            objects = "".join(
                OBJECT.format("low" if digit < 5 else "high", left + 1, top + 1, right, bottom)
                for (top, left, bottom, right), digit in zip(pixels, classes, strict=True)
                if digit >= 0
            )
            (folder / "JPEGImages" / f"{name}.jpg").write_bytes(tf.io.encode_jpeg(image).numpy())
            (folder / "Annotations" / f"{name}.xml").write_text(f"<annotation>{objects}</annotation>")
        (folder / "splits" / f"{split}.txt").write_text("\n".join(names))
    return folder


@pytest.fixture(scope="session")
def masked(tmp_path_factory):
    """A folder of pairs: 0 for a digit, 1 for the canvas, 7 where nobody knows."""
    folder = tmp_path_factory.mktemp("masked")
    for split, seed in (("train", 0), ("test", 1)):
        images, targets = scenes(8, seed)
        for number, (image, ids) in enumerate(zip(images, targets["masks"], strict=True)):
            mask = (ids == 10).astype("uint8")
            mask[:4] = 7
            for kind, content in (("images", image), ("masks", mask[..., None])):
                path = folder / split / kind / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tf.io.encode_png(content).numpy())
    return folder


@pytest.fixture
def run(tmp_path, voc):
    """A finished run with an encoder that has feature maps down to a stride of 8."""
    overrides = {
        "epochs": 1,
        "batch_size": 8,
        "backbone": {"name": "small_cnn", "filters": [4, 4, 8, 8]},
        "heads.projector.output_units": 8,
        "augmenter": {"name": "crops"},
    }
    return runs.pretrain(
        "simclr", voc / "JPEGImages", tmp_path / "run", image_size=(16, 16), overrides=overrides, verbose=0
    )


def losses(folder):
    return (folder / "history.csv").read_text()


def test_detect_trains_scores_draws_and_keeps_what_it_has_made(run, voc):
    rows = runs.detect(run, voc, epochs=2, **SETTINGS)
    assert list(rows) == ["SimCLR", "from scratch"]
    folder = run.path / "detector"
    detector = keras.saving.load_model(folder / "detector.keras")
    assert detector.class_names == ["high", "low"]
    report = json.loads((folder / "scores.json").read_text())
    assert report["settings"]["epochs"] == 2 and report["settings"]["image_size"] == [32, 48]
    assert set(report["scores"]) == set(rows)
    assert set(report["scores"]["SimCLR"]["per_class"]) == {"high", "low"}
    assert len(losses(folder).splitlines()) == len(losses(folder / "scratch").splitlines()) == 3
    assert (folder / "figures" / "worst.png").stat().st_size > 1000
    served = export.load(runs.export(folder, run.path / "served"))
    file = next((voc / "JPEGImages").glob("*.jpg")).read_bytes()
    assert served.from_bytes([file])["boxes"].shape == (1, 100, 4)
    assert served.manifest["class_names"] == ["high", "low"]
    with pytest.raises(ValueError, match="exported as it is trained"):
        runs.export(folder, run.path / "served", classifier="linear")


def test_segment_goes_on_as_if_never_stopped(run, masked, monkeypatch):
    options = {"epochs": 3, "ignore_class": 7, "baseline": False, **SETTINGS}
    whole = runs.segment(run, masked, **options)["SimCLR"]["mean IoU"]
    folder = run.path / "segmenter"
    expected = losses(folder)
    trained = keras.saving.load_model(folder / "segmenter.keras").get_weights()

    class Stopped(Exception):
        pass

    def stop(self, epoch, logs=None):
        if epoch == 1:
            raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(keras.callbacks.ProgbarLogger, "on_epoch_begin", stop)
        patch.setattr("keras_ssl.callbacks.Checkpoint.on_epoch_begin", stop, raising=False)
        with pytest.raises(Stopped):
            runs.segment(run, masked, **options)
    assert len(losses(folder).splitlines()) == 2
    again = runs.segment(run, masked, resume=True, **options)["SimCLR"]["mean IoU"]
    assert losses(folder) == expected and again.overall == whole.overall
    for got, wanted in zip(keras.saving.load_model(folder / "segmenter.keras").get_weights(), trained, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_training_is_not_resumed_with_other_settings(run, masked):
    options = {"epochs": 1, "ignore_class": 7, "baseline": False, **SETTINGS}
    with pytest.raises(FileNotFoundError, match="no training to go on with"):
        runs.segment(run, masked, resume=True, **options)
    runs.segment(run, masked, **options)
    with pytest.raises(ValueError, match=re.escape("Received: seed=3 in place of 0")):
        runs.segment(run, masked, resume=True, **options, seed=3)


def test_the_size_is_the_median_of_the_images_and_256_at_most(tmp_path):
    for number, size in enumerate([(300, 400), (30, 40), (600, 800)]):
        (tmp_path / f"{number}.png").write_bytes(tf.io.encode_png(np.zeros((*size, 1), "uint8")).numpy())
    assert usual_size([str(tmp_path / f"{number}.png") for number in range(3)]) == (192, 256)
    assert usual_size([str(tmp_path / "1.png")]) == (30, 40)
    assert usual_size(["coco/train/3"]) == (256, 256)
