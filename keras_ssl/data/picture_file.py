"""Decoded pictures in one file: raw pixels, then what they are as JSON, then the length of that and a mark.

The mark is written last and the file renamed after it, so that what a killed process left is never taken for whole.
"""

import errno
import json
import os
import shutil

import numpy as np

from keras_ssl.files.atomic_write import atomic_write, remove_abandoned
from keras_ssl.files.make_folder import make_folder

_MARK = b"keras_ssl pictures 1"
_TAIL = 8 + len(_MARK)


def open_pictures(path, key):
    """The pictures in a file.

    Args:
        path: `pathlib.Path`.
        key: String: that which the file was written with.

    Returns:
        Memory-mapped uint8 array (count, height, width, channels), and what else was kept; `None` where there is no
        whole file of that key.
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


def write_pictures(path, key, batches, count, shape):
    """Write pictures into a file, in place of one that is there.

    Args:
        path: `pathlib.Path`; its folder is made.
        key: String, to be compared when the file is opened.
        batches: As in `cache.keep`.
        count: Number of pictures.
        shape: (height, width, channels).

    Raises:
        OSError: If the disk has no room for them.
    """
    make_folder(path.parent)
    remove_abandoned(path)
    size = count * int(np.prod(shape, dtype=np.int64))
    free = shutil.disk_usage(path.parent).free + (path.stat().st_size if path.is_file() else 0)
    if size > free:
        raise _full(path, size, free)
    # One of another key; both might not fit.
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
        f"The disk is full: the decoded pictures take {size / 2**30:.2f} GiB in {path}, and {free / 2**30:.2f} GiB "
        "are free there. Make room, or take cache='none', on the command line --cache none."
    )
