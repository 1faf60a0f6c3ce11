"""Atomic writes: a file appears complete or not at all."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from keras_ssl.files.file_lock import Unsupported, try_lock

_PREFIX = ".writing-"
# For file systems without locks. A file takes minutes to write, a cache of images perhaps hours.
_ABANDONED_AFTER_SECONDS = 24 * 60 * 60


def atomic_write(path: Path, write: Callable[[Path], object]) -> None:
    """Write a temporary file and rename it, so that `path` is either complete or unchanged.

    The temporary file is in a new hidden folder beside `path`. Its name is random, and other users cannot write into
    it. So processes do not disturb each other, and nobody can plant a symbolic link there. A symbolic link at `path`
    itself is replaced, not followed.

    Args:
        path: `pathlib.Path` of the file. Its folder must exist.
        write: Function that writes the file to the path it is given. That path has the same file name as `path`.
    """
    remove_abandoned(path)
    with _new_folder(path) as folder:
        temporary = folder / path.name
        write(temporary)
        flush(temporary)
        os.replace(temporary, path)
    flush(path.parent)


def remove_abandoned(path: Path) -> None:
    """Remove temporary files for `path` that killed processes left. Those of running processes stay."""
    for folder in path.parent.glob(f"{_PREFIX}{path.name}-*"):
        with contextlib.suppress(OSError), _opened(folder) as descriptor:
            try:
                dead = try_lock(descriptor)
            except Unsupported:
                dead = time.time() - folder.stat().st_mtime > _ABANDONED_AFTER_SECONDS
            if dead:
                shutil.rmtree(folder, ignore_errors=True)


def is_temporary(entry: Path) -> bool:
    """Whether a path is a temporary folder of `atomic_write`, which a killed process may have left."""
    return entry.name.startswith(_PREFIX)


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk, so that a power cut leaves no empty file."""
    if path.is_file():
        with open(path, "rb+") as file:
            os.fsync(file)
        return
    with contextlib.suppress(OSError), _opened(path) as descriptor:  # not every file system can flush a folder
        os.fsync(descriptor)


@contextlib.contextmanager
def _new_folder(path):
    """A new folder, locked while its process lives, and removed afterwards."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{path.name}-", dir=path.parent))
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            with contextlib.suppress(OSError, Unsupported):
                descriptor = stack.enter_context(_opened(folder))
                # Another process may have removed it as abandoned before it was locked: make a new one.
                if not try_lock(descriptor) or not folder.is_dir():
                    continue
            yield folder
            return


@contextlib.contextmanager
def _opened(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
