import io
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.callbacks import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def fit():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")

    def fit(progress, data=None, **settings):
        data = tf.data.Dataset.from_tensors((np.ones((8, 4)), np.ones((8, 1)))).repeat(5) if data is None else data
        model.fit(data, verbose=0, callbacks=[progress], **settings)
        return progress.file.getvalue()

    return fit


def test_a_plain_line_an_epoch_where_there_is_no_terminal(fit):
    lines = fit(Progress(8, file=io.StringIO()), epochs=3).splitlines()
    pattern = r"Epoch {}/3: loss [\d.e-]+, [\d,]+ images/s, [\d.]+ s"
    assert len(lines) == 3 and all(line.isprintable() for line in lines)
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(pattern.format(number) + (", 0 s left" if number < 3 else ""), line)


def test_one_bar_over_all_epochs_on_a_terminal(fit):
    written = fit(Progress(8, "SimCLR", file=Terminal()), epochs=3)
    assert written.count("\n") == 1 and "SimCLR" in written
    shares = [int(share) for share in re.findall(r"(\d+)%", written)]
    assert shares[0] == 0 and shares[-1] == 100 and {33, 66} <= set(shares)
    assert "images/s" in written and "loss" in written and re.search(r"\d s left", written)


def test_the_time_left_leaves_out_the_first_step_which_compiles(monkeypatch):
    progress = Progress(8, file=io.StringIO())
    seconds = iter([100.0] + [10.0] * 19)  # of the steps
    now = [0.0]
    monkeypatch.setattr("keras_ssl.callbacks.progress.time.monotonic", lambda: now[0])

    progress.set_params({"epochs": 4, "steps": 5})
    progress.on_train_begin()
    for epoch in range(4):
        progress.on_epoch_begin(epoch)
        for batch in range(5):
            now[0] += next(seconds)
            progress.on_train_batch_end(batch)
        progress.on_epoch_end(epoch, {"loss": 1.0})
    lines = progress.file.getvalue().splitlines()
    assert lines[0] == "Epoch 1/4: loss 1, 1 images/s, 140.0 s, 2 min left"
    assert lines[1] == "Epoch 2/4: loss 1, 1 images/s, 50.0 s, 2 min left"
    assert lines[2].endswith("50 s left") and lines[3].endswith("50.0 s")


def test_steps_where_the_batch_size_is_not_known(fit):
    assert "steps/s" in fit(Progress(file=io.StringIO()))


def test_a_resumed_fit_counts_what_is_left(fit):
    lines = fit(Progress(8, file=io.StringIO()), initial_epoch=2, epochs=3).splitlines()
    assert len(lines) == 1 and lines[0].startswith("Epoch 3/3")
    shares = re.findall(r"(\d+)%", fit(Progress(8, file=Terminal()), initial_epoch=2, epochs=4))
    assert {"0", "50", "100"} <= set(shares)


def test_data_of_unknown_length(fit):
    def data():
        return ((np.ones((8, 4)), np.ones((8, 1))) for _ in range(5))

    spec = (tf.TensorSpec((8, 4)), tf.TensorSpec((8, 1)))
    written = fit(Progress(8, file=Terminal()), tf.data.Dataset.from_generator(data, output_signature=spec), epochs=2)
    assert {"0", "50", "100"} <= set(re.findall(r"(\d+)%", written))


def test_lines_on_a_terminal_when_asked(fit):
    assert "%" not in fit(Progress(plain=True, file=Terminal()))


def test_a_batch_size_must_be_one():
    with pytest.raises(ValueError, match="Received: batch_size=0"):
        Progress(0)
