import keras
import numpy as np
import pytest

from keras_ssl.callbacks import Checkpoint, latest_checkpoint


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", loss="mse")
    return model


@pytest.fixture
def data(rng):
    return rng.normal(size=(8, 2)), rng.normal(size=(8, 1))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_keeps_the_newest_and_finds_it(model, data, tmp_path):
    model.fit(*data, epochs=3, verbose=0, callbacks=[Checkpoint(tmp_path)])
    assert names(tmp_path) == ["epoch-0003.keras"]
    path, epochs = latest_checkpoint(tmp_path)
    assert epochs == 3
    np.testing.assert_array_equal(keras.saving.load_model(path).get_weights()[0], model.get_weights()[0])


def test_every_other_epoch_and_the_last(model, data, tmp_path):
    model.fit(*data, epochs=5, verbose=0, callbacks=[Checkpoint(tmp_path, every=2, keep=9)])
    assert names(tmp_path) == ["epoch-0002.keras", "epoch-0004.keras", "epoch-0005.keras"]


def test_a_crash_while_writing_leaves_the_one_before(model, data, tmp_path, monkeypatch):
    callback = Checkpoint(tmp_path)
    model.fit(*data, epochs=1, verbose=0, callbacks=[callback])

    def crash(path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(model, "save", crash)
    with pytest.raises(OSError, match="disk full"):
        model.fit(*data, initial_epoch=1, epochs=2, verbose=0, callbacks=[callback])
    path, epochs = latest_checkpoint(tmp_path)
    assert epochs == 1 and keras.saving.load_model(path) is not None


def test_an_empty_folder_has_none(tmp_path):
    assert latest_checkpoint(tmp_path) == (None, 0)
    assert latest_checkpoint(tmp_path / "missing") == (None, 0)


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match="Received: every=0"):
        Checkpoint(tmp_path, every=0)
