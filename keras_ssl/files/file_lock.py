"""File locks that are released when their process ends."""

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]


class Unsupported(Exception):
    """Raised where the system or the file system has no locks."""


def try_lock(descriptor: int) -> bool:
    """Lock an open file or folder until it is closed.

    Args:
        descriptor: Integer, from `os.open`.

    Returns:
        Boolean. `False` if it is locked already, even by this process.

    Raises:
        Unsupported: If there are no locks.
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
