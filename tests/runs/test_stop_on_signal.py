import os
import signal

import numpy as np
import pytest

from keras_ssl import runs
from keras_ssl.runs import stop_on_signal
from keras_ssl.runs.stop_on_signal import StopOnSignal


@pytest.fixture(autouse=True)
def _pythons_own_handler():
    """Where a shell starts the tests in the background, they ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number, raised", [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_ends_a_run_after_its_step_and_it_goes_on_exactly(
    number, raised, finished, tmp_path, tiny, monkeypatch
):
    steps = []
    after_step = StopOnSignal.on_train_batch_end

    def send(self, batch, logs=None):
        steps.append(batch)
        if len(steps) == 9:  # in the second epoch of six steps
            os.kill(os.getpid(), number)
        after_step(self, batch, logs)

    with monkeypatch.context() as patch, pytest.raises(raised) as error:
        patch.setattr(StopOnSignal, "on_train_batch_end", send)
        patch.setattr(stop_on_signal, "SECONDS_LEFT", -1.0)
        runs.pretrain("simclr", "digits", tmp_path / "run", split="train[:200]", overrides=tiny, verbose=0)
    assert len(steps) == 9 and getattr(error.value, "code", 143) == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert runs.Run(tmp_path / "run").epochs_done == 1
    run = runs.resume(tmp_path / "run", verbose=0)
    assert run.history == finished.history
    for resumed, whole in zip(run.model().get_weights(), finished.model().get_weights(), strict=True):
        np.testing.assert_array_equal(resumed, whole)


def test_a_short_epoch_is_finished_and_kept(tmp_path, tiny, monkeypatch):
    after_step = StopOnSignal.on_train_batch_end

    def send(self, batch, logs=None):
        if batch == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        after_step(self, batch, logs)

    monkeypatch.setattr(StopOnSignal, "on_train_batch_end", send)
    tiny = {**tiny, "epochs": 120}  # of which every third has a checkpoint
    with pytest.raises(SystemExit) as error:
        runs.pretrain("simclr", "digits", tmp_path / "run", split="train[:200]", overrides=tiny, verbose=0)
    run = runs.Run(tmp_path / "run")
    assert error.value.code == 143 and run.epochs_done == len(run.history["loss"]) == 1


def test_outside_fit_and_at_the_second_time_it_ends_at_once():
    with pytest.raises(SystemExit), StopOnSignal():
        os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), StopOnSignal() as stop:
        stop.on_train_begin()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def test_a_programs_own_handler_stays():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with StopOnSignal():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
