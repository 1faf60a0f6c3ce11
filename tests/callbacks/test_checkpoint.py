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
    assert names(tmp_path) == ["epoch-0002.keras", "epoch-0003.keras"]
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


def test_where_there_can_be_no_folder_nothing_is_trained(model, data, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="Cannot create the folder"):
        model.fit(*data, epochs=3, verbose=0, callbacks=[Checkpoint(tmp_path / "file")])
    assert int(model.optimizer.iterations) == 0


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match="Received: every=0"):
        Checkpoint(tmp_path, every=0)


def test_what_was_just_written_is_the_newest_whatever_its_number(model, data, tmp_path):
    """In a folder with checkpoints of an earlier training, one of the same number among them."""
    model.fit(*data, epochs=3, verbose=0, callbacks=[Checkpoint(tmp_path)])
    model.fit(*data, epochs=1, verbose=0, callbacks=[Checkpoint(tmp_path, every=5)])
    path, epochs = latest_checkpoint(tmp_path)
    assert epochs == 1
    np.testing.assert_array_equal(keras.saving.load_model(path).get_weights()[0], model.get_weights()[0])
    model.fit(*data, epochs=3, verbose=0, callbacks=[Checkpoint(tmp_path, every=5)])
    path, epochs = latest_checkpoint(tmp_path)
    assert epochs == 3 and names(tmp_path) == ["epoch-0001.keras", "epoch-0003.keras"]
    np.testing.assert_array_equal(keras.saving.load_model(path).get_weights()[0], model.get_weights()[0])


def _halve(content):
    return content[: len(content) // 2]


def _flip(content):
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


@pytest.mark.parametrize("damage", [_halve, _flip, lambda content: b""])
def test_a_damaged_one_is_passed_over_with_a_word(damage, model, data, tmp_path):
    model.fit(*data, epochs=2, verbose=0, callbacks=[Checkpoint(tmp_path)])
    newest = tmp_path / "epoch-0002.keras"
    newest.write_bytes(damage(newest.read_bytes()))
    with pytest.warns(UserWarning, match="epoch-0002.keras is truncated or damaged.*the one before"):
        path, epochs = latest_checkpoint(tmp_path)
    assert epochs == 1 and keras.saving.load_model(path) is not None
    model.fit(*data, initial_epoch=1, epochs=2, verbose=0, callbacks=[Checkpoint(tmp_path)])
    assert latest_checkpoint(tmp_path) == (newest, 2)


def test_one_of_an_earlier_version_has_no_seal_and_is_found(model, data, tmp_path):
    model.save(tmp_path / "epoch-0001.keras")
    model.save(tmp_path / "epoch-0010.keras")
    assert latest_checkpoint(tmp_path) == (tmp_path / "epoch-0010.keras", 10)


@pytest.mark.parametrize("size", [0, 1000])
def test_where_all_are_damaged_there_is_none_to_begin_anew_from(size, model, data, tmp_path):
    model.fit(*data, epochs=2, verbose=0, callbacks=[Checkpoint(tmp_path)])
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match="All checkpoints are .*epoch-000.*epoch-000"):
        latest_checkpoint(tmp_path)
