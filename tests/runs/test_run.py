import shutil

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest

from keras_ssl import runs
from keras_ssl.callbacks import latest_checkpoint
from keras_ssl.files.checksum import add_checksum
from keras_ssl.runs.run import save_figure


@pytest.fixture
def copied(finished, tmp_path):
    return runs.Run(shutil.copytree(finished.path, tmp_path / "run"))


def test_a_damaged_encoder_is_passed_over_with_a_word(copied, finished):
    file = copied.path / "encoder.keras"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.warns(UserWarning, match="encoder.keras is truncated or damaged"):
        encoder = copied.encoder()
    np.testing.assert_array_equal(encoder.get_weights()[0], finished.encoder().get_weights()[0])


def test_a_damaged_checkpoint_costs_an_epoch(copied, finished):
    newest = copied.path / "checkpoints" / "epoch-0002.keras"
    newest.write_bytes(newest.read_bytes()[:-1000])
    with pytest.warns(UserWarning, match="epoch-0002.keras is truncated") as warned:
        run = runs.resume(copied.path, verbose=0)
    assert len([each for each in warned if "truncated" in str(each.message)]) == 1
    assert run.epochs_done == 2 and run.history == finished.history
    np.testing.assert_array_equal(run.encoder().get_weights()[0], finished.encoder().get_weights()[0])


def test_a_diverged_run_is_not_gone_on_from(copied, photos, tmp_path):
    path, _ = latest_checkpoint(copied.path / "checkpoints")
    model = keras.saving.load_model(path)
    model.encoder.weights[0].assign(np.full_like(model.encoder.weights[0], np.nan))
    model.encoder.save(copied.path / "encoder.keras")
    # As earlier versions did, before methods refused to save such weights.
    keras.Model.save(model, copied.path / "checkpoints" / "epoch-0001.keras")
    add_checksum(copied.path / "checkpoints" / "epoch-0001.keras", 9)
    for use in (
        lambda: runs.resume(copied.path, verbose=0),
        lambda: runs.export(copied, tmp_path / "saved"),
        lambda: runs.embed(copied, photos, tmp_path / "features.npz", verbose=0),
    ):
        with pytest.raises(ValueError, match=f"The training diverged.*Received: the run in {copied.path}"):
            use()


def test_the_history_is_no_link_to_follow_and_two_in_one_are_told(copied, tmp_path):
    (tmp_path / "victim").write_text("mine")
    history = copied.path / "history.csv"
    content = history.read_text()
    history.write_text(content + content)
    with pytest.raises(ValueError, match="two trainings.*Received: line 4"):
        assert copied.history
    history.unlink()
    (copied.path / "checkpoints" / "epoch-0002.keras").unlink()
    history.symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_text(content)
    runs.resume(copied.path, verbose=0)
    assert (tmp_path / "victim").read_text() == content and not history.is_symlink()


def test_damaged_checkpoints_do_not_begin_a_run_anew(copied):
    for path in (copied.path / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:1000])
    before = {path: path.read_bytes() for path in copied.path.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match="All checkpoints are .*Received: epoch-0002.keras, epoch-0001.keras"):
        runs.resume(copied.path, verbose=0)
    assert {path: path.read_bytes() for path in copied.path.rglob("*") if path.is_file()} == before
    # What is whole can be used.
    with pytest.warns(UserWarning, match="All checkpoints are"):
        assert copied.epochs_done == 0
    assert copied.encoder().output_shape == (None, 8)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"epoch,loss\n0,abc\n1,2\n", "must hold numbers, or NA.*Received: loss='abc' in line 2"),
        (b"epoch,loss\n0,1,2\n1,2\n", "must hold numbers, or NA.*in line 2"),
        (b"\xff\xfe\x00", "must be a table as text"),
    ],
)
def test_a_broken_history_is_said_before_anything_is_trained_and_costs_no_scores(content, words, copied):
    (copied.path / "history.csv").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        assert copied.history
    with pytest.warns(UserWarning, match=f"is made without the log of the training. .*{words}"):
        rows = runs.evaluate(copied, ["knn"], baselines=False, verbose=0)
    assert rows["SimCLR"]
    (copied.path / "checkpoints" / "epoch-0002.keras").unlink()
    with pytest.raises(ValueError, match=words):
        runs.resume(copied.path, verbose=0)
    assert (copied.path / "history.csv").read_bytes() == content and copied.epochs_done == 1


def test_a_picture_that_cannot_be_written_ends_no_run(tmp_path, capsys):
    (tmp_path / "figures").write_text("mine")
    save_figure(tmp_path, "map", plt.figure)
    assert capsys.readouterr().out.startswith("Could not save map.png: Cannot create the folder ")
    assert (tmp_path / "figures").read_text() == "mine"


def test_a_last_line_that_was_not_finished_is_left_out(copied):
    before = copied.history
    with (copied.path / "history.csv").open("a") as file:
        file.write("2,0.5")
    assert copied.history == before
