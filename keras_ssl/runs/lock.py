import contextlib
import os
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

from keras_ssl.files.file_lock import Unsupported, try_lock

LOCK_FILE = ".lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Context that locks a run folder for one training. The lock is released when its process ends.

    Args:
        folder: `pathlib.Path` of the folder, which must exist.

    Raises:
        BlockingIOError: If another training has locked it.
        OSError: If the lock file cannot be written, or is a symbolic link.

    Warns:
        UserWarning: If the file system has no locks.
    """
    path = folder / LOCK_FILE
    descriptor = _open(path)
    try:
        try:
            while not (taken := try_lock(descriptor)) or not _is_at(descriptor, path):
                if not taken:
                    raise BlockingIOError(
                        f"Another process trains in {folder} ({_owner(descriptor)}). Wait for its end, or stop it "
                        f"and continue with --resume, or use another folder. Received: out={str(folder)!r}"
                    )
                # The previous lock was just released, and its file removed.
                os.close(descriptor)
                descriptor = _open(path)
        except Unsupported:
            warnings.warn(
                f"The file system of {folder} has no locks: make sure that no other process trains in it.",
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
        reason = "it is a symbolic link, which may lead anywhere" if path.is_symlink() else error.strerror
        raise type(error)(
            f"A training locks its folder with the file {path}, which cannot be written: {reason}. Remove it, or use "
            f"another folder. Received: out={str(path.parent)!r}"
        ) from error


def _is_at(descriptor, path):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _owner(descriptor):
    return os.pread(descriptor, 200, 0).decode(errors="replace") or "which has just begun"
