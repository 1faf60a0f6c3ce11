import shutil

import keras
import numpy as np
import pytest
import yaml

from keras_ssl import data, runs
from keras_ssl.callbacks import Checkpoint, latest_checkpoint
from keras_ssl.data.files import list_images
from keras_ssl.evaluate.baselines import KNN_BASELINES
from keras_ssl.runs.run import cleared_on_failure, is_taken


def weights(run):
    return keras.saving.load_model(latest_checkpoint(run.path / "checkpoints")[0]).get_weights()


def test_a_run_folder_holds_all_there_is_to_know(finished):
    names = {str(path.relative_to(finished.path)) for path in finished.path.rglob("*") if path.is_file()}
    assert names - {"evaluation.json", "figures/map.png"} == {
        "README.md",
        "checkpoints/epoch-0001.keras",
        "checkpoints/epoch-0002.keras",
        "config.yaml",
        "encoder.keras",
        "figures/curves.png",
        "figures/views.png",
        "history.csv",
    }
    assert str(finished.path) in (finished.path / "README.md").read_text()
    config = finished.config
    assert config["data"] == {
        "name": "digits",
        "split": "train[:200]",
        "image_size": None,
        "channels": 3,
        "data_dir": None,
        "on_error": "raise",
        "bits": None,
        "cache": "auto",
        "resize": "crop",
        "read_size": None,
    }
    assert config["recipe"]["epochs"] == 2 and config["versions"]["keras"] == keras.__version__


def test_steps_are_counted_where_the_images_were(finished, tmp_path):
    recipe = finished.config["recipe"]
    assert finished.steps_done == 2 * (200 // recipe["batch_size"])
    # As a run of an earlier version has it.
    (tmp_path / "checkpoints").symlink_to(finished.path / "checkpoints")
    earlier = {key: value for key, value in finished.config.items() if key != "images"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(earlier))
    assert runs.Run(tmp_path).steps_done is None


def test_read_back(finished):
    run = runs.Run(str(finished.path))
    assert run.epochs_done == 2
    assert run.history["epoch"] == [0, 1] and len(run.history["val_knn_accuracy"]) == 2
    assert run.encoder().output_shape == (None, 8)
    np.testing.assert_array_equal(
        run.encoder().get_weights()[0],
        keras.saving.load_model(latest_checkpoint(run.path / "checkpoints")[0]).encoder.get_weights()[0],
    )


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(finished, tmp_path, monkeypatch, tiny):
    """Stopped in the second epoch, when its history and encoder were written and its checkpoint was not."""
    write = Checkpoint.on_epoch_end

    def interrupt(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt
        write(self, epoch, logs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoint, "on_epoch_end", interrupt)
        runs.pretrain("simclr", "digits", tmp_path / "run", split="train[:200]", overrides=tiny, verbose=0)
    assert runs.Run(tmp_path / "run").history["epoch"] == [0, 1]
    # What raw pixels and a random encoder have is read from the history.
    monkeypatch.setattr("keras_ssl.callbacks.knn_monitor.knn_baselines", None)
    run = runs.resume(tmp_path / "run", verbose=0)
    assert run.epochs_done == 2 and run.history == finished.history
    assert set(KNN_BASELINES) <= set(run.history)
    for resumed, whole in zip(weights(run), weights(finished), strict=True):
        np.testing.assert_array_equal(resumed, whole)


@pytest.mark.parametrize(
    "method, settings",
    [
        ("jigsaw", {}),
        (
            "multi_task",
            {"tasks": {"contrastive": None, "order": {"name": "TileOrder", "grid": 2, "permutations": 24}}},
        ),
    ],
)
def test_an_encoder_trained_on_tiles_is_fit_for_images(method, settings, tmp_path, tiny):
    """Its batch normalization has the statistics of whole images, which a jigsaw never shows it."""
    tiny = {name: tiny[name] for name in ("batch_size", "backbone")}
    settings = {**tiny, "epochs": 1, "augmenter": None, **settings}
    run = runs.pretrain(method, "digits", tmp_path / "run", split="train[:200]", overrides=settings, verbose=0)
    images = data.load("digits", "train[:200]", shuffle=False)
    encoder = run.encoder()
    norm = next(layer for layer in encoder.layers if hasattr(layer, "moving_mean"))
    before_norm = keras.Model(encoder.input, norm.input).predict(images, verbose=0)
    np.testing.assert_allclose(norm.moving_mean, before_norm.mean((0, 1, 2)), atol=0.02)


def test_a_complete_run_is_left_as_it_is(finished):
    before = (finished.path / "encoder.keras").stat().st_mtime_ns
    assert runs.resume(finished.path, verbose=0).epochs_done == 2
    assert (finished.path / "encoder.keras").stat().st_mtime_ns == before


def test_on_a_folder_of_photographs(photos, tmp_path, tiny):
    overrides = {**tiny, "epochs": 1, "image_size": [16, 16]}
    run = runs.pretrain("simclr", str(photos), tmp_path / "run", channels=1, overrides=overrides, verbose=0)
    assert run.config["data"]["image_size"] == [16, 16]
    assert run.encoder().input_shape == (None, 16, 16, 1)
    assert {"val_knn_accuracy", "feature_spread", "feature_rank"} <= set(run.history)


@pytest.mark.parametrize("classes, monitored", [({"cat": 9, "dog": 6}, True), ({"cat": 14, "dog": 1}, False)])
def test_a_few_photographs_are_enough(classes, monitored, photos, tmp_path, tiny):
    """Too few to vote, or nearly all of one kind: the training goes on with what can be told, or without."""
    pictures = sorted(photos.rglob("*.jpg"))
    for name, count in classes.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number, picture in enumerate(pictures[:count]):
            (tmp_path / "photos" / name / f"{number}.jpg").write_bytes(picture.read_bytes())
    overrides = {**tiny, "epochs": 1, "batch_size": 8, "image_size": [16, 16]}
    run = runs.pretrain("simclr", str(tmp_path / "photos"), tmp_path / "run", overrides=overrides, seed=3, verbose=0)
    assert ("val_knn_accuracy" in run.history) == monitored


def test_the_policy_holds_for_the_run_alone(tmp_path, tiny):
    overrides = {**tiny, "epochs": 1}
    run = runs.pretrain(
        "simclr",
        "digits",
        tmp_path / "run",
        split="train[:64]",
        overrides=overrides,
        policy="mixed_bfloat16",
        monitor=False,
        verbose=0,
    )
    assert keras.config.dtype_policy().name == "float32"
    assert run.encoder().get_layer("stage1_conv").compute_dtype == "bfloat16"
    assert not {"val_knn_accuracy", "feature_rank"} & set(run.history)


def test_a_folder_that_is_taken_is_refused(finished, tmp_path):
    with pytest.raises(FileExistsError, match="--resume"):
        runs.pretrain("simclr", "digits", finished.path)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="exists already"):
        runs.pretrain("simclr", "digits", tmp_path)


def test_the_beginning_of_a_run_that_was_killed_is_not_in_the_way(tmp_path, tiny):
    (tmp_path / "README.md").write_text("# A run of keras_ssl\n\nsimclr on digits.")
    (tmp_path / "writing-config.yaml").write_text("name:")
    (tmp_path / ".writing-config.yaml-x").mkdir()
    (tmp_path / ".lock").touch()
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "views.png").write_bytes(b"")
    assert not is_taken(tmp_path)
    run = runs.pretrain(
        "simclr", "digits", tmp_path, split="train[:64]", overrides={**tiny, "epochs": 1}, monitor=False, verbose=0
    )
    assert run.epochs_done == 1
    assert is_taken(tmp_path)


@pytest.mark.parametrize(
    "name", ["README.md", "figures/mine.png", "checkpoints/1.keras", "encoder.keras", "photo.jpg"]
)
def test_what_is_of_value_is_not_overwritten(name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    assert is_taken(tmp_path)


def test_a_failed_start_leaves_no_run(tmp_path):
    with pytest.raises(ValueError, match="no backbone"):
        runs.pretrain("simclr", "digits", tmp_path / "run", overrides={"backbone": "resnet19"})
    assert not (tmp_path / "run").exists()


def test_only_a_folder_of_images_can_have_moved(finished, photos):
    with pytest.raises(
        ValueError, match="new path .* but this run has no folder: it trains on digits.*Received: data="
    ):
        runs.resume(finished.path, data=photos)
    assert finished.config["data"]["name"] == "digits"


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="no run in"):
        runs.resume(tmp_path)


def test_a_start_that_fails_later_leaves_the_folder_to_the_next_try(photos, tmp_path, tiny):
    (tmp_path / "photos").mkdir()
    for picture in (photos / "dark").iterdir():
        (tmp_path / "photos" / picture.name).write_bytes(picture.read_bytes())
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no image")
    settings = {"overrides": {**tiny, "epochs": 1, "batch_size": 8, "image_size": [16, 16]}, "verbose": 0}
    with pytest.raises(Exception, match="broken.jpg"):
        runs.pretrain("simclr", tmp_path / "photos", tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()
    with pytest.warns(UserWarning, match="broken.jpg"):
        run = runs.pretrain("simclr", tmp_path / "photos", tmp_path / "run", on_error="skip", **settings)
    assert run.epochs_done == 1
    (skipped,) = (run.path / "skipped.txt").read_text().splitlines()
    assert skipped.startswith(f"{tmp_path / 'photos' / 'broken.jpg'}: This is no image")


@pytest.mark.parametrize("error, left", [(ValueError, ["mine"]), (KeyboardInterrupt, ["config.yaml", "mine"])])
def test_only_what_a_run_wrote_is_cleared(error, left, tmp_path):
    with pytest.raises(error), cleared_on_failure(tmp_path):
        for name in ("config.yaml", "mine"):
            (tmp_path / name).write_text("")
        raise error
    assert sorted(path.name for path in tmp_path.iterdir()) == left


def test_a_run_goes_on_when_its_images_have_moved(photos, tmp_path, tiny, monkeypatch):
    shutil.copytree(photos, tmp_path / "before")
    overrides = {**tiny, "epochs": 2, "batch_size": 8, "image_size": [16, 16]}
    monkeypatch.chdir(tmp_path)
    run = runs.pretrain("simclr", "before", "run", overrides=overrides, monitor=False, verbose=0)
    assert run.config["data"]["name"] == str(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="before.*--data"):
        runs.resume("run", verbose=0)
    with pytest.raises(FileNotFoundError, match="before.*--data"):
        runs.evaluate("run", ["knn"], verbose=0)
    run = runs.resume("run", data="after", verbose=0)
    assert run.epochs_done == 2 and run.config["data"]["name"] == str(tmp_path / "after")


def test_pictures_are_kept_on_disk_beside_the_run(photos, tmp_path, tiny, monkeypatch, capsys):
    monkeypatch.setattr("keras_ssl.data.cache.SHARE_OF_FREE", 0)
    walks = []
    walk = list_images
    monkeypatch.setattr("keras_ssl.data.files.list_images", lambda folder: walks.append(folder) or walk(folder))
    run = runs.pretrain(
        "simclr",
        str(photos),
        tmp_path / "run",
        cache="disk",
        overrides={**tiny, "epochs": 1, "image_size": [16, 16]},
        on_error="skip",
        verbose=2,
    )
    assert len(walks) == 1
    assert run.config["data"]["cache"] == "disk"
    assert run.config["cached"]["kind"] == "disk"
    assert (run.path / "pictures.cache").is_file()
    assert "Decoded images kept: on disk, in pictures.cache" in capsys.readouterr().out


def test_a_run_that_diverges_does_not_finish(tmp_path, tiny):
    overrides = {**tiny, "learning_rate": {"constant": 1e30}}
    with pytest.raises(ValueError, match=r"SimCLR diverged: .* since step 2, at a learning rate of 1e\+30"):
        runs.pretrain("simclr", "digits", tmp_path / "run", split="train[:100]", overrides=overrides, verbose=0)
    assert not (tmp_path / "run").exists()
