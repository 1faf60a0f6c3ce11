"""Whether decoded pictures are kept, and where."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_ssl.data.picture_file import open_pictures, write_pictures
from keras_ssl.progress import Stage

CACHES = ("auto", "memory", "disk", "none")
# The rest is for the network, for what other programs do, and for the other data sets of a command.
SHARE_OF_FREE = 0.25
# Where nothing says how much is free.
_USUAL_FREE = 8 * 2**30
#: How many pictures are decoded at once, to be kept.
AT_ONCE = 64
_GIB = 2**30


class Cache(NamedTuple):
    """Where decoded pictures are kept.

    Attributes:
        kind: `"memory"`, `"disk"` or `"none"`.
        reason: Why, in words.
    """

    kind: str
    reason: str


def check_cache(cache, cache_file):
    """`cache` as one of `CACHES`, or a `ValueError` that says what is wrong with it."""
    cache = "none" if cache is None or cache is False else cache
    if cache not in CACHES:
        raise ValueError(f"`cache` must be one of {CACHES} or None. Received: cache={cache!r}")
    if cache == "disk" and cache_file is None:
        raise ValueError("With cache='disk', say by `cache_file` which file to keep the pictures in. Received: None")
    return cache


def choose_cache(cache, count, shape):
    """Decide where decoded pictures are kept.

    Args:
        cache: One of `CACHES`. `"auto"` keeps them in memory where they take at most a quarter of what is free,
            `"memory"` where they fit at all, `"disk"` in a file unless they take at most that quarter.
        count: Number of pictures.
        shape: (height, width, channels) that they are kept in.

    Returns:
        A `Cache`.

    Raises:
        ValueError: For `"memory"`, where they do not fit into what is free.
    """
    size, free = count * int(np.prod(shape, dtype=np.int64)), free_memory()
    limit = int(SHARE_OF_FREE * free)
    words = (
        f"{count} decoded pictures take {size / _GIB:.2f} GiB, a quarter of the free memory is {limit / _GIB:.2f} GiB"
    )
    if cache == "none":
        return Cache("none", "pictures are decoded as they are needed")
    if cache == "memory" and size > free:
        raise ValueError(
            f"The decoded pictures do not fit into the free memory of {free / _GIB:.2f} GiB: {count} of {shape} take "
            f"{size / _GIB:.2f} GiB. Take cache='disk' or cache='none'. Received: cache={cache!r}"
        )
    if size <= limit or cache == "memory":
        return Cache("memory", words)
    return Cache("disk" if cache == "disk" else "none", words)


def keep(cache, batches, count, shape, key, cache_file, name, verbose=0):
    """Read pictures once, into memory or into a file, with a progress bar.

    Args:
        cache: `Cache` of the kind `"memory"` or `"disk"`.
        batches: Function that returns an iterable of uint8 arrays (n, height, width, channels), `AT_ONCE` in each
            but the last, and a function to what else is to be kept, which JSON can hold, called behind the last. Not
            called where a file is whole.
        count: Number of pictures.
        shape: (height, width, channels).
        key: Function that returns a string by which pictures that have changed are told.
        cache_file: Path of the file.
        name: String, what the pictures are of, for the bar.
        verbose: 1 for a bar, or a line where the output is no terminal. Defaults to 0.

    Returns:
        uint8 array (count, height, width, channels), and what else was kept.
    """

    def shown():
        arrays, extra = batches()
        return _shown(arrays, f"decoding {name}", count, verbose), extra

    if cache.kind == "disk":
        path, key = Path(cache_file), key()
        found = open_pictures(path, key)
        if found is None:
            write_pictures(path, key, shown, count, shape)
            found = open_pictures(path, key)
        return found
    images, start = np.empty((count, *shape), np.uint8), 0
    arrays, extra = shown()
    for array in arrays:
        images[start : start + len(array)] = array
        start += len(array)
    return images, extra()


def _shown(arrays, name, count, verbose):
    with Stage(name, -(-count // AT_ONCE), verbose=verbose) as stage:
        for array in arrays:
            yield array
            stage.advance(len(array))


def free_memory():
    """Free memory in bytes, within the limit of a container."""
    free = [_meminfo(), _left_in_container()]
    return min((bytes_ for bytes_ in free if bytes_ is not None), default=_USUAL_FREE)


def _meminfo():
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            return next(1024 * int(line.split()[1]) for line in file if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        names = getattr(os, "sysconf_names", {})
        if "SC_AVPHYS_PAGES" in names:
            return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return None


def _left_in_container():
    try:
        limit, used = (Path(f"/sys/fs/cgroup/memory.{name}").read_text() for name in ("max", "current"))
        return max(0, int(limit) - int(used))
    # No container, an older kind, or one without a limit ("max").
    except (OSError, ValueError):
        return None
