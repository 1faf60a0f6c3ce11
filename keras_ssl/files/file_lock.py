"""Locks that die with their process."""

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]


class Unsupported(Exception):
    """The system or the file system has no locks."""


def try_lock(descriptor):
    """Locks an open file or folder until it is closed.

    Args:
        descriptor: int, from `os.open`.

    Returns:
        Whether it is locked now; False where someone else, also in this process, has locked it.

    Raises:
        Unsupported: where there are no locks.
    """
    if fcntl is None:
        raise Unsupported
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Unsupported(str(error)) from error
    return True
