import math
import signal
import sys
import threading
import time

import keras

# Slurm and Kubernetes kill 30 seconds after SIGTERM. The rest is for the checkpoint.
SECONDS_LEFT = 10


class StopOnSignal(keras.callbacks.Callback):
    """Callback that ends a training on SIGTERM or Ctrl-C so that it can be resumed and its files stay complete.

    Use it as a context manager around the training, and as the last callback of its fit. Within fit, the first signal
    ends the training after the epoch, with a checkpoint, if that takes at most ten seconds more. Otherwise it ends it
    after the step; the current epoch, and those since the newest checkpoint, are then trained again on resuming, to
    the same result. A second signal, or one outside fit, ends the training at once. SIGINT raises
    `KeyboardInterrupt`, SIGTERM `SystemExit(143)`.

    If the program has set handlers itself, or this is not the main thread, nothing is changed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._in_fit, self._received, self._before = False, None, {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number, default in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
                if signal.getsignal(number) is default:
                    self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_train_begin(self, logs=None):
        """From now on signals take effect at the end of a step."""
        self._in_fit = True

    def on_epoch_begin(self, epoch, logs=None):
        """Starts to time the epoch."""
        self._began = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        """Ends the training after a signal if the epoch is long."""
        if self._received is not None:
            steps_left = (self.params["steps"] or math.inf) - batch - 1
            if (time.monotonic() - self._began) / (batch + 1) * steps_left > SECONDS_LEFT:
                _end(self._received)

    def on_epoch_end(self, epoch, logs=None):
        """Ends the fit after a signal, so that other callbacks can write."""
        if self._received is not None:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Ends the training after a signal; from now on signals take effect at once."""
        self._in_fit = False
        if self._received is not None:
            _end(self._received)

    def _receive(self, number, frame):
        if self._in_fit and self._received is None:
            self._received = number
        else:
            _end(number)


def _end(number):
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
