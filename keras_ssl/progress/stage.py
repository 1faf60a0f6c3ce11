import sys
import time
from typing import TextIO

from keras_ssl.progress.bar import Bar
from keras_ssl.progress.duration import duration


class Stage:
    """Context that shows the progress of long work: a bar on a terminal, else one line without control characters.

    The line starts with the name and ends with the seconds that the work took. A stage of unknown length has such a
    line on a terminal too.

    Args:
        name: String. Name of the work.
        length: Integer. Number of steps, or `None` where unknown. Defaults to `None`.
        unit: String. Unit of the `count` of `advance`. Defaults to `"images"`.
        verbose: Integer. 0 for no output. Defaults to `1`.
        file: File to write to. `None` means standard output. Defaults to `None`.

    Example:

    >>> with Stage("features of the test images", 2, file=sys.stderr) as stage:
    ...     for images in (np.zeros((32, 8, 8, 1)), np.zeros((16, 8, 8, 1))):
    ...         stage.advance(len(images))
    """

    def __init__(
        self, name: str, length: int | None = None, unit: str = "images", verbose: int = 1, file: TextIO | None = None
    ) -> None:
        self._name = name
        self._length = length
        self._unit = unit
        self._verbose = verbose
        self._file = file

    def __enter__(self):
        self._out = sys.stdout if self._file is None else self._file
        self._began = time.monotonic()
        self._steps = self._counted = 0
        self._bar = None
        if self._verbose and self._length and self._out.isatty():
            self._bar = Bar(self._name, self._length, self._out)
        elif self._verbose:
            print(f"{self._name}: ", end="", file=self._out, flush=True)
        return self

    def advance(self, count: int = 0) -> None:
        """Count one more step, with `count` units of work done in it."""
        self._steps += 1
        self._counted += count
        if self._bar:
            self._bar.move_to(self._steps, self._words)

    def __exit__(self, error, *args):
        if self._bar:
            self._bar.move_to(self._steps, self._words(), at_once=True)
            self._bar.end()
        elif self._verbose:
            seconds = time.monotonic() - self._began
            took = f"{seconds:.1f} s" if seconds < 90 else duration(seconds)
            print("failed" if error else took + self._speed(", "), file=self._out, flush=True)

    def _words(self):
        left = (time.monotonic() - self._began) / self._steps * (self._length - self._steps) if self._steps else 0
        return (f"{duration(left)} left" if left > 0 else "") + self._speed("  ")

    def _speed(self, before):
        seconds = time.monotonic() - self._began
        return f"{before}{self._counted / seconds:,.0f} {self._unit}/s" if self._counted and seconds else ""
