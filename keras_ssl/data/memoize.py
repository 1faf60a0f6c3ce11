import contextlib
import contextvars

_known = contextvars.ContextVar("known", default=None)


@contextlib.contextmanager
def memoize_scans():
    """Within this context or decorated function, such as a command, look at each folder and its files once.

    Outside of any, each opening of a folder looks at it anew.

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


def memoized(key, find):
    """What `find()` returns, from before if it was asked for within the same `memoize_scans`."""
    known = _known.get()
    if known is None:
        return find()
    if key not in known:
        known[key] = find()
    return known[key]
