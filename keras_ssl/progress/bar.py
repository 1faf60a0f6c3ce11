import time

import click

# A terminal that is written to more often is no easier to read.
_SECONDS_BETWEEN_UPDATES = 0.1


class Bar:
    """A bar of a terminal with a name before it and words behind it.

    Args:
        name: str.
        length: positive int, how many steps there are.
        file: the terminal to write to.

    Example:

    >>> import sys
    >>> bar = Bar("features", 10, sys.stderr)
    >>> bar.move_to(10, "5 s left", at_once=True)
    >>> bar.end()
    """

    def __init__(self, name, length, file):
        self._bar = click.progressbar(
            length=length,
            label=name,
            width=24,
            show_eta=False,  # it counts the compilation of the first step as if all steps took as long
            item_show_func=lambda text: text,
            file=file,
        )
        self._bar.render_progress()
        self._done, self._shown = 0, time.monotonic()

    def move_to(self, done, text, at_once=False):
        """Shows that so many steps are done, with words behind; too soon after the last time it does not.

        Args:
            done: int.
            text: str, or a function to it, which is called only when it is shown.
            at_once: bool, whether to show it however soon. Defaults to `False`.
        """
        now = time.monotonic()
        if at_once or now - self._shown >= _SECONDS_BETWEEN_UPDATES:
            self._bar.update(done - self._done, text() if callable(text) else text)
            self._done, self._shown = done, now

    def end(self):
        """Ends the bar's line."""
        self._bar.render_finish()
