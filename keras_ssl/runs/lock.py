import contextlib
import os
import socket
import warnings

from keras_ssl.files.file_lock import Unsupported, try_lock

LOCK_FILE = ".lock"


@contextlib.contextmanager
def locked(folder):
    """Locks a run folder for one training; the lock ends with its process.

    Args:
        folder: `pathlib.Path`, which must be there.

    Raises:
        BlockingIOError: where another training has it.
        OSError: where the lock cannot be written, or is a symbolic link.

    Warns:
        UserWarning: where the file system has no locks.
    """
    path = folder / LOCK_FILE
    descriptor = _open(path)
    try:
        try:
            while not (taken := try_lock(descriptor)) or not _is_at(descriptor, path):
                if not taken:
                    raise BlockingIOError(
                        f"Another process trains in {folder} ({_owner(descriptor)}). Let it end, or stop it and go "
                        f"on with --resume, or take another folder. Received: out={str(folder)!r}"
                    )
                # The one before was just given back, and its file removed.
                os.close(descriptor)
                descriptor = _open(path)
        except Unsupported:
            warnings.warn(
                f"The file system of {folder} has no locks: see to it that no other process trains in it meanwhile.",
                stacklevel=2,
            )
        os.truncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
        yield
        path.unlink(missing_ok=True)
    except BaseException as error:
        if not isinstance(error, BlockingIOError):
            path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _open(path):
    try:
        return os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o644)
    except OSError as error:
        reason = "is a symbolic link, which may lead anywhere" if path.is_symlink() else f"is none: {error.strerror}"
        raise type(error)(
            f"A training keeps its folder for itself by a file in it that it can write, and {path} {reason}. Remove "
            f"what is there, or take another folder. Received: out={str(path.parent)!r}"
        ) from error


def _is_at(descriptor, path):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _owner(descriptor):
    return os.pread(descriptor, 200, 0).decode(errors="replace") or "which has just begun"
