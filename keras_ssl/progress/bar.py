import time
from collections.abc import Callable
from typing import TextIO

import click

# More frequent updates would not be easier to read.
_SECONDS_BETWEEN_UPDATES = 0.1


class Bar:
    """Progress bar on a terminal, with a name before it and text behind it.

    Args:
        name: String. Text before the bar.
        length: Positive integer. Number of steps.
        file: Terminal to write to.

    Example:

    >>> import sys
    >>> bar = Bar("features", 10, sys.stderr)
    >>> bar.move_to(10, "5 s left", at_once=True)
    >>> bar.end()
    """

    def __init__(self, name: str, length: int, file: TextIO) -> None:
        self._bar = click.progressbar(
            length=length,
            label=name,
            width=24,
            show_eta=False,  # its estimate assumes that all steps take as long as the first, with its compilation
            item_show_func=lambda text: text,
            file=file,
        )
        self._bar.render_progress()
        self._done, self._shown = 0, time.monotonic()

    def move_to(self, done: int, text: str | Callable[[], str], at_once: bool = False) -> None:
        """Moves the bar to `done` steps; skipped if the last update was less than 0.1 seconds ago.

        Args:
            done: Integer. Number of steps done.
            text: String behind the bar, or a function that returns it, called only when the bar is drawn.
            at_once: Boolean. Whether to draw it however recent the last update. Defaults to `False`.
        """
        now = time.monotonic()
        if at_once or now - self._shown >= _SECONDS_BETWEEN_UPDATES:
            self._bar.update(done - self._done, text() if callable(text) else text)
            self._done, self._shown = done, now

    def end(self) -> None:
        """Ends the bar's line."""
        self._bar.render_finish()
