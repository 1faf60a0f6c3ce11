"""Files appear whole or not at all."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from keras_ssl.files.file_lock import Unsupported, try_lock

_PREFIX = ".writing-"
# Where locks do not tell whether a writer lives. What it writes takes minutes, a cache of pictures perhaps hours.
_ABANDONED_AFTER_SECONDS = 24 * 60 * 60


def atomic_write(path, write):
    """Writes a temporary file and renames it, so that `path` is whole or as it was, whoever else writes it.

    The file is written into a new hidden folder beside `path`, whose name nobody can guess and into which no other
    user can write: processes do not meet there, and no symbolic link lies in wait. A symbolic link at `path` itself
    is replaced, not followed.

    Args:
        path: `pathlib.Path` of the file; its folder must be there.
        write: a function of the path to write to, which has the name of `path`.
    """
    remove_abandoned(path)
    with _new_folder(path) as folder:
        temporary = folder / path.name
        write(temporary)
        flush(temporary)
        os.replace(temporary, path)
    flush(path.parent)


def remove_abandoned(path):
    """Removes what killed processes left when they wrote `path`, and leaves what others are writing."""
    for folder in path.parent.glob(f"{_PREFIX}{path.name}-*"):
        with contextlib.suppress(OSError), _opened(folder) as descriptor:
            try:
                dead = try_lock(descriptor)
            except Unsupported:
                dead = time.time() - folder.stat().st_mtime > _ABANDONED_AFTER_SECONDS
            if dead:
                shutil.rmtree(folder, ignore_errors=True)


def is_temporary(entry):
    """Whether a path is a folder of `atomic_write`, which a killed process may have left."""
    return entry.name.startswith(_PREFIX)


def flush(path):
    """Waits until the file or folder is on the disk, so that a power cut leaves no hollow file."""
    if path.is_file():
        with open(path, "rb+") as file:
            os.fsync(file)
        return
    with contextlib.suppress(OSError), _opened(path) as descriptor:  # not every file system can flush a folder
        os.fsync(descriptor)


@contextlib.contextmanager
def _new_folder(path):
    """A new folder, locked for as long as its writer lives, and gone afterwards."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{path.name}-", dir=path.parent))
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            with contextlib.suppress(OSError, Unsupported):
                descriptor = stack.enter_context(_opened(folder))
                # Another process may have taken it for abandoned before it was locked: then a new one.
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
