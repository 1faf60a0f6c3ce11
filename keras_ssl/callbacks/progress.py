import sys
import time
from typing import TextIO

import keras

from keras_ssl.evaluate.baselines import KNN_BASELINES
from keras_ssl.progress import Bar, duration


class Progress(keras.callbacks.Callback):
    """Shows one progress bar over all epochs of a fit, or one line per epoch if the output is not a terminal.

    The bar shows how much of the whole run is done, the time left, the images per second and the newest metrics. In a
    file, a pipe or a notebook there is one line per epoch, without control characters. Place it after the callbacks
    that add to the logs, such as `KNNMonitor`, and pass `verbose=0` to fit.

    Args:
        batch_size: Integer > 0. Images per step, for a speed in images per second. Defaults to `None`: in steps per
            second.
        name: String. Text before the bar. Defaults to `"Training"`.
        plain: Boolean. Whether to print lines instead of a bar. Defaults to `None`: lines if the output is not a
            terminal.
        file: File object. Where to write. Defaults to `None`: standard output.

    Example:

    >>> import keras_ssl
    >>> images, _ = keras_ssl.data.digits.load_digits("train")
    >>> model = keras_ssl.SimCLR(keras_ssl.backbones.small_cnn((8, 8, 1)))
    >>> model.compile("adam")
    >>> progress = keras_ssl.callbacks.Progress(batch_size=128)
    >>> _ = model.fit(images, batch_size=128, epochs=2, verbose=0, callbacks=[progress])   # doctest: +ELLIPSIS
    Epoch 1/2: ...
    Epoch 2/2: ...
    """

    def __init__(
        self,
        batch_size: int | None = None,
        name: str = "Training",
        *,
        plain: bool | None = None,
        file: TextIO | None = None,
    ) -> None:
        super().__init__()
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size must be at least 1. Received: batch_size={batch_size}")
        self.batch_size = batch_size
        self.name = name
        self.plain = plain
        self.file = file

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Reset the clock and the bar, which starts with the first epoch."""
        self._out = sys.stdout if self.file is None else self.file
        self._is_plain = not self._out.isatty() if self.plain is None else self.plain
        self._run_timed_from: float | None = None
        self._first_epoch: int | None = None
        self._bar: Bar | None = None
        self._metrics = ""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start counting the steps of an epoch."""
        self._epoch = epoch
        if self._first_epoch is None:
            self._first_epoch = epoch
            if not self._is_plain:
                # Keras knows the steps of an epoch at its start only if the data has a known length.
                length = (self.params["epochs"] - epoch) * (self.params["steps"] or 1)
                self._bar = Bar(self.name, length, self._out)
        self._epoch_began = self._timed_from = time.monotonic()
        self._steps_done = self._steps_timed_from = 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Advance the bar, without reading metrics: on an accelerator each read would wait for the step."""
        now = time.monotonic()
        if self._steps_done == 0:
            # The first step of a run includes compilation; that of an epoch waits for the pipeline to start.
            self._timed_from, self._steps_timed_from = now, batch + 1
        if self._run_timed_from is None:
            self._run_timed_from, self._steps_untimed = now, batch + 1
        self._steps_done = batch + 1
        if self._bar and self.params["steps"] is not None:
            self._bar.move_to(self._steps_of_epochs_done() + self._steps_done, self._words)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Show the metrics of the epoch."""
        # The baselines are the same in every epoch.
        logs = {key: float(value) for key, value in (logs or {}).items() if key not in KNN_BASELINES}
        self._metrics = ", ".join(f"{key} {value:.4g}" for key, value in logs.items())
        if self._bar:
            # An epoch with fewer steps than announced still ends at its place in the bar.
            done = self._steps_of_epochs_done() + (self.params["steps"] or 1)
            self._bar.move_to(done, self._words(), at_once=True)
            return
        parts = [self._metrics, self._speed(), f"{time.monotonic() - self._epoch_began:.1f} s", self._left()]
        line = ", ".join(part for part in parts if part)
        print(f"Epoch {epoch + 1}/{self.params['epochs']}: {line}", file=self._out, flush=True)

    def on_train_end(self, logs: dict | None = None) -> None:
        """End the line of the bar."""
        if self._bar:
            self._bar.end()
            self._bar = None

    def _steps_of_epochs_done(self):
        return (self._epoch - self._first_epoch) * (self.params["steps"] or 1)

    def _words(self):
        return "  ".join(part for part in (self._left(), self._speed(), self._metrics) if part)

    def _speed(self):
        seconds = time.monotonic() - self._timed_from
        steps = self._steps_done - self._steps_timed_from
        if not steps or not seconds:
            return ""
        return f"{steps * (self.batch_size or 1) / seconds:,.0f} {'images' if self.batch_size else 'steps'}/s"

    def _left(self):
        """Return the time left for the whole run, estimated from all steps but the first, which compiles."""
        # If the length of the data is unknown, all epochs are assumed to be as long as this one.
        steps = self.params["steps"] or self._steps_done
        done = (self._epoch - self._first_epoch) * steps + self._steps_done
        left = (self.params["epochs"] - self._first_epoch) * steps - done
        timed = done - self._steps_untimed
        if timed < 1 or left < 1:
            return ""
        return f"{duration((time.monotonic() - self._run_timed_from) / timed * left)} left"
