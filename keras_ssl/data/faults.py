import contextlib
import warnings


class FaultError(ValueError):
    """What is wrong with an annotation, in words that end with what was received."""


class Faults:
    """Raises what is wrong with annotated pictures, or counts it.

    Args:
        on_error: String. `"raise"` or `"skip"`.

    Attributes:
        skipped: Dict from path to reason.
    """

    def __init__(self, on_error: str):
        if on_error not in ("raise", "skip"):
            raise ValueError(f"`on_error` must be 'raise' or 'skip'. Received: on_error={on_error!r}")
        self.skips = on_error == "skip"
        self.skipped: dict[str, str] = {}

    @contextlib.contextmanager
    def of(self, path):
        """Context manager in which a `FaultError` is one of the file `path`."""
        try:
            yield
        except FaultError as fault:
            if not self.skips:
                raise ValueError(
                    f"{path!r} cannot be used. Correct it, or leave such pictures out by on_error='skip'. {fault}"
                ) from None
            self.skipped[path] = str(fault)

    def warn(self, left):
        """Warns once if there were faults; raises a ValueError if no picture is left."""
        if not self.skipped:
            if not left:
                raise ValueError("There are no pictures here. Received: a data set or a split without pictures")
            return
        first, reason = next(iter(self.skipped.items()))
        if not left:
            raise ValueError(f"None of the pictures can be used. The first fault is in {first!r}: {reason}")
        warnings.warn(
            f"Skipped {len(self.skipped)} pictures or annotations that cannot be used; {left} pictures are left. All "
            f"are listed in the data set's `skipped`; the first is {first!r}: {reason}",
            stacklevel=4,
        )
