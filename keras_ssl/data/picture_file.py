"""Decoded images in one file: raw pixels, a description as JSON, the length of the description, and a mark.

The mark is written last, and then the file is renamed. So the file of a process that was killed never counts as
complete.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_ssl.files.atomic_write import atomic_write, remove_abandoned
from keras_ssl.files.make_folder import make_folder

_MARK = b"keras_ssl pictures 1"
_TAIL = 8 + len(_MARK)


def open_pictures(path: Path, key: str) -> tuple[np.ndarray, Any] | None:
    """Open the images in a file.

    Args:
        path: `pathlib.Path` of the file.
        key: String. The key that the file was written with.

    Returns:
        Tuple of a memory-mapped uint8 array of shape `(count, height, width, channels)` and the other data that was
        kept. `None` if there is no complete file with this key.
    """
    if not path.is_file() or path.stat().st_size < _TAIL:
        return None
    with path.open("rb") as file:
        file.seek(-_TAIL, os.SEEK_END)
        tail = file.read()
        length = int.from_bytes(tail[:8], "little")
        if tail[8:] != _MARK or length > path.stat().st_size - _TAIL:
            return None
        file.seek(-_TAIL - length, os.SEEK_END)
        about = json.loads(file.read(length))
    if about["key"] != key:
        return None
    return np.memmap(path, np.uint8, "r", shape=tuple(about["shape"])), about["extra"]


def write_pictures(path: Path, key: str, batches: Callable, count: int, shape: Sequence[int]) -> None:
    """Write images into a file, and replace the old file if there is one.

    Args:
        path: `pathlib.Path` of the file. Its folder is created.
        key: String. Compared when the file is opened.
        batches: See `cache.keep`.
        count: Integer. Number of images.
        shape: Tuple `(height, width, channels)`.

    Raises:
        OSError: If the disk has no room for them.
    """
    make_folder(path.parent)
    remove_abandoned(path)
    size = count * int(np.prod(shape, dtype=np.int64))
    free = shutil.disk_usage(path.parent).free + (path.stat().st_size if path.is_file() else 0)
    if size > free:
        raise _full(path, size, free)
    # The old file has another key. There may not be room for both.
    path.unlink(missing_ok=True)

    def write(temporary):
        with temporary.open("wb") as file:
            arrays, extra = batches()
            for array in arrays:
                file.write(np.ascontiguousarray(array).data)
            about = json.dumps({"key": key, "shape": [count, *shape], "extra": extra()}).encode()
            file.write(about + len(about).to_bytes(8, "little") + _MARK)

    try:
        atomic_write(path, write)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(path, size, shutil.disk_usage(path.parent).free) from error
        raise


def _full(path, size, free):
    return OSError(
        f"The disk is full: the decoded images take {size / 2**30:.2f} GiB in {path}, but only {free / 2**30:.2f} "
        "GiB are free there. Make room, or use cache='none', on the command line --cache none."
    )
