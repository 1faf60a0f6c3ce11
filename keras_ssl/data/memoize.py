import contextlib
import contextvars
from collections.abc import Callable, Hashable, Iterator
from typing import TypeVar

_Value = TypeVar("_Value")

_known: contextvars.ContextVar[dict | None] = contextvars.ContextVar("known", default=None)


@contextlib.contextmanager
def memoize_scans() -> Iterator[None]:
    """Context manager and decorator that has each folder of images scanned only once.

    Outside of it, a folder and its files are scanned each time the folder is opened.

    Example:

    >>> with keras_ssl.data.memoize.memoize_scans():
    ...     train, test = (keras_ssl.data.from_directory("photos", subset=part) for part in ("train", "test"))
    """
    outer = _known.get()
    token = _known.set({} if outer is None else outer)
    try:
        yield
    finally:
        _known.reset(token)


def memoized(key: Hashable, find: Callable[[], _Value]) -> _Value:
    """Return `find()`, or its earlier result for the same `key` within the same `memoize_scans`."""
    known = _known.get()
    if known is None:
        return find()
    if key not in known:
        known[key] = find()
    return known[key]
