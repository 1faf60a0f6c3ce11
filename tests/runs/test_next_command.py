from types import SimpleNamespace

from keras_ssl.runs import command_after
from keras_ssl.runs.data_source import resolve
from keras_ssl.runs.next_command import next_command


def run_of(path, data, monitor=True, policy="float32", seed=0, **reading):
    arguments = {"channels": 3, "data_dir": None, "on_error": "raise", "resize": "crop", **reading}
    source = resolve(str(data), "train", **arguments)
    config = {"name": "simclr", "data": source, "policy": policy, "seed": seed, "monitor": monitor}
    return SimpleNamespace(path=path, config=config)


def test_a_run_is_trained_again_with_its_options(photos, tmp_path):
    plain = run_of(tmp_path / "run", photos)
    assert next_command(plain) == f"keras-ssl pretrain simclr --data {photos} --out {tmp_path / 'run-2'}"
    (tmp_path / "run-2").mkdir()
    other = run_of(tmp_path / "run", photos, False, "mixed_bfloat16", 3, channels=1, bits=10, on_error="skip")
    assert next_command(other) == (
        f"keras-ssl pretrain simclr --data {photos} --channels 1 --bits 10 --on-error skip --policy mixed_bfloat16 "
        f"--seed 3 --no-monitor --out {tmp_path / 'run-3'}"
    )


def test_features_without_labels_are_written_and_not_scored(photos, tmp_path):
    assert command_after(run_of(tmp_path / "a run", photos)) == f"keras-ssl evaluate '{tmp_path / 'a run'}'"
    unlabelled = photos / "dark"
    assert command_after(run_of(tmp_path / "run", unlabelled)) == (
        f"keras-ssl embed {tmp_path / 'run'} {unlabelled} --to features.npz"
    )
