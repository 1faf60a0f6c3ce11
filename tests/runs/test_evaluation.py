import json
import shutil

import keras
import numpy as np
import pytest

from keras_ssl import runs
from keras_ssl.evaluate import format_table


def test_scores_stand_beside_their_baselines(finished):
    rows = runs.evaluate(finished, ["knn", "few-label"], verbose=0)
    assert list(rows) == ["SimCLR", "random encoder", "raw pixels"]
    names = ["kNN", "1 label per class", "5 labels per class", "10 labels per class"]
    assert all(list(scores) == names for scores in rows.values())
    assert rows["random encoder"]["kNN"].deviation is not None
    report = json.loads((finished.path / "evaluation.json").read_text())
    assert report["SimCLR"]["kNN"]["accuracy"] == rows["SimCLR"]["kNN"].accuracy
    assert (finished.path / "figures" / "map.png").stat().st_size > 1000
    assert set(report["verdict"]["better"]) == {"random encoder", "raw pixels"}
    # Twelve steps of 32 images teach nothing.
    assert "12 steps are few" in report["verdict"]["advice"]


def test_labels_may_come_from_another_folder(finished, photos, tmp_path, tiny):
    run = runs.pretrain(
        "simclr",
        str(photos / "dark"),
        tmp_path / "run",
        overrides={**tiny, "epochs": 1, "image_size": [16, 16]},
        verbose=0,
    )
    with pytest.raises(ValueError, match="subfolder"):
        runs.evaluate(run, ["knn"], verbose=0)
    rows = runs.evaluate(run, ["linear"], data=photos, baselines=False, verbose=0)
    assert rows["SimCLR"]["linear probe"].accuracy > 0.9  # bright or dark is no riddle


def test_a_folder_is_read_as_the_encoder_of_digits_takes_images(finished, photos, tmp_path, capsys):
    run = shutil.copytree(finished.path, tmp_path / "run")
    (run / "evaluation.json").unlink(missing_ok=True)
    (run / "evaluation.json").mkdir()
    with pytest.raises(OSError, match="evaluation.json"):  # after the scores are said
        runs.evaluate(run, ["knn"], data=photos, baselines=False, verbose=1)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| SimCLR")]
    assert float(line.split("|")[2]) > 0.9  # bright or dark is no riddle


def test_fine_tuning_stands_beside_the_same_network_from_scratch_and_pixels_have_none(finished):
    rows = runs.evaluate(finished, ["fine-tune", "knn"], train_split="train[:200]", epochs=2, verbose=0)
    assert {name: list(scores) for name, scores in rows.items()} == {
        "SimCLR": ["kNN", "fine-tuning"],
        "random encoder": ["kNN", "fine-tuning"],
        "raw pixels": ["kNN"],
    }
    tuned, scratch = (rows[name]["fine-tuning"] for name in ("SimCLR", "random encoder"))
    assert tuned.settings["epochs"] == scratch.settings["epochs"] == 2
    assert (tuned.settings["head_first"], scratch.settings["head_first"]) == (True, False)
    assert format_table(rows).splitlines()[-1].endswith("|             |")
    report = json.loads((finished.path / "evaluation.json").read_text())
    assert report["SimCLR"]["fine-tuning"]["accuracy"] == tuned.accuracy


def test_fine_tuning_alone_needs_no_score_of_features(finished, monkeypatch):
    monkeypatch.setattr("keras_ssl.evaluate.random_baseline", None)
    rows = runs.evaluate(finished, ["fine-tune"], train_split="train[:200]", epochs=1, verbose=0)
    assert [list(scores) for scores in rows.values()] == [["fine-tuning"], ["fine-tuning"], []]


@pytest.mark.parametrize(
    "value, scored, words",
    [(0.0, True, "have collapsed (feature_spread 0)."), (np.nan, False, "diverged: feature_spread is not a number.")],
)
def test_a_collapsed_or_diverged_run_is_scored_and_told_so(value, scored, words, finished, tmp_path, capsys):
    shutil.copytree(finished.path, tmp_path / "run")
    encoder = keras.Sequential([finished.encoder(), keras.layers.Dense(8)])
    encoder.layers[-1].set_weights([np.full_like(weight, value) for weight in encoder.layers[-1].get_weights()])
    encoder.save(tmp_path / "run" / "encoder.keras")
    rows = runs.evaluate(tmp_path / "run", list(runs.PROTOCOLS), train_split="train[:200]", verbose=1)
    assert bool(rows["SimCLR"]) == scored and len(rows["raw pixels"]) == 7
    report = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert report["verdict"]["better"] == {"random encoder": False, "raw pixels": False}
    said = capsys.readouterr().out.splitlines()
    assert said[-1].startswith("Could not save map.png: ") and words in said[-2]
    assert any(line.startswith("| raw pixels") for line in said[:-2])


def test_a_run_that_trained_on_the_test_images_hears_so(photos, tmp_path, tiny):
    overrides = {**tiny, "epochs": 1, "image_size": [16, 16]}
    run = runs.pretrain("simclr", str(photos), tmp_path / "run", split="all", overrides=overrides, verbose=0)
    with pytest.warns(UserWarning, match="were trained on \\(--split all\\)"):
        runs.evaluate(run, ["knn"], baselines=False, verbose=0)
    assert "trained on" in json.loads((run.path / "evaluation.json").read_text())["warning"]


@pytest.mark.parametrize("protocols", [["fine"], []])
def test_unknown_protocols_are_named(finished, protocols):
    with pytest.raises(ValueError, match="knn, linear.*fine-tune.*Received"):
        runs.evaluate(finished, protocols)
