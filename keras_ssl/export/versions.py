import contextlib
import errno
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from keras_ssl.files.atomic_write import flush
from keras_ssl.files.make_folder import make_folder

# TensorFlow Serving reads the subfolders whose name is a number, and no others.
_NUMBER = re.compile(r"[0-9]+")
_STAGING = ".export-"
# An export takes seconds to minutes, so nobody writes into a folder that is a day old. A process id in the name would
# not be enough: the writer may run on another host or in another container.
_ABANDONED_AFTER_SECONDS = 24 * 60 * 60
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


def numbered(path: str | os.PathLike[str]) -> dict[int, Path]:
    """Return the versions under `path`, a dict from version number to folder, oldest first."""
    if not Path(path).is_dir():
        return {}
    children = {int(child.name): child for child in Path(path).iterdir() if _NUMBER.fullmatch(child.name)}
    return dict(sorted(children.items()))


def find(path: str | os.PathLike[str]) -> Path:
    """Return the version folder for `path`: itself, or else the newest version under it.

    Args:
        path: A version folder (`saved_models/cats/2`) or the folder of all versions (`saved_models/cats`).

    Returns:
        A `pathlib.Path`. The version folder.

    Raises:
        ValueError: If there is no exported model.
    """
    path = Path(path)
    if (path / "saved_model.pb").is_file():
        return path
    versions = numbered(path)
    if not versions:
        raise ValueError(
            "There is no exported model here. Pass the folder that `export.saved_model` or "
            "`export.scene_model` wrote into, or a version folder in it. "
            f"Received: path={str(path)!r}"
        )
    return versions[max(versions)]


@contextlib.contextmanager
def staging(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Context with a new hidden folder under `path` for a version; it is removed unless published.

    It is under `path` because renaming is atomic only within one file system.
    """
    path = Path(path)
    make_folder(path)
    _remove_abandoned(path)
    folder = path / f"{_STAGING}{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, path: str | os.PathLike[str]) -> Path:
    """Move a finished `folder` to the next free version number under `path`, atomically.

    Renaming never replaces a folder that is not empty, so the slower of two writers fails here and takes the next
    number.

    Returns:
        A `pathlib.Path`. The version folder.
    """
    path = Path(path)
    for entry in [*folder.rglob("*"), folder]:
        flush(entry)
    while True:
        version = path / str(max(numbered(path), default=0) + 1)
        try:
            os.rename(folder, version)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        else:
            flush(path)
            return version


def _remove_abandoned(path):
    for folder in path.glob(f"{_STAGING}*"):
        with contextlib.suppress(OSError):  # another export may clean up at the same time
            if time.time() - folder.stat().st_mtime > _ABANDONED_AFTER_SECONDS:
                shutil.rmtree(folder)
