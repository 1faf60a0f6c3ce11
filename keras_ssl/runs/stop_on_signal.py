import signal
import sys
import threading

import keras


class StopOnSignal(keras.callbacks.Callback):
    """Ends a training by SIGTERM or Ctrl-C after the step that it is in, so that what is written stays whole.

    A context manager around the training, and a callback of its fit, the last one. Within fit the first signal ends
    it after the step, or after what is written at the end of an epoch; a second one, and one outside fit, ends it at
    once: SIGINT by `KeyboardInterrupt`, SIGTERM by `SystemExit(143)`. The epoch that was begun has no checkpoint; who
    goes on trains it anew, with the same result.

    Handlers that a program has set itself, and threads other than the main one, are left alone.
    """

    def __init__(self):
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
        """From here on signals wait for the end of the step."""
        self._in_fit = True

    def on_train_batch_end(self, batch, logs=None):
        """Ends the training where a signal came."""
        self._end_if_received()

    def on_epoch_end(self, epoch, logs=None):
        """Ends the training where a signal came."""
        self._end_if_received()

    def on_train_end(self, logs=None):
        """From here on signals end at once."""
        self._in_fit = False

    def _receive(self, number, frame):
        if self._in_fit and self._received is None:
            self._received = number
        else:
            _end(number)

    def _end_if_received(self):
        if self._received is not None:
            _end(self._received)


def _end(number):
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
