import json

import pytest

from keras_ssl import runs


def test_scores_stand_beside_their_baselines(finished):
    rows = runs.evaluate(finished, ["knn", "few-label"], verbose=0)
    assert list(rows) == ["SimCLR", "random encoder", "raw pixels"]
    names = ["kNN", "1 label per class", "5 labels per class", "10 labels per class"]
    assert all(list(scores) == names for scores in rows.values())
    assert rows["random encoder"]["kNN"].deviation is not None
    report = json.loads((finished.path / "evaluation.json").read_text())
    assert report["SimCLR"]["kNN"]["accuracy"] == rows["SimCLR"]["kNN"].accuracy
    assert (finished.path / "figures" / "map.png").stat().st_size > 1000


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


@pytest.mark.parametrize("protocols", [["fine"], []])
def test_unknown_protocols_are_named(finished, protocols):
    with pytest.raises(ValueError, match="knn, linear.*Received"):
        runs.evaluate(finished, protocols)
