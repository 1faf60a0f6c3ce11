"""Caches of decoded images, in memory or in a file."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_ssl.data.picture_file import open_pictures, write_pictures
from keras_ssl.progress import Stage

CACHES = ("auto", "memory", "disk", "none")
# The rest is for the network, other programs, and the other data sets of a command.
SHARE_OF_FREE = 0.25
# For systems that do not say how much memory is free.
_USUAL_FREE = 8 * 2**30
#: Number of images that are decoded at once for a cache.
AT_ONCE = 64
_GIB = 2**30


class Cache(NamedTuple):
    """Where decoded images are kept.

    Attributes:
        kind: `"memory"`, `"disk"` or `"none"`.
        reason: String. The reason for the choice.
    """

    kind: str
    reason: str


def check_cache(cache: str | bool | None, cache_file: str | os.PathLike[str] | None) -> str:
    """Return `cache` as one of `CACHES`; raise a `ValueError` if it is invalid."""
    cache = "none" if cache is None or cache is False else cache
    if cache not in CACHES:
        raise ValueError(f"`cache` must be one of {CACHES} or None. Received: cache={cache!r}")
    if cache == "disk" and cache_file is None:
        raise ValueError("cache='disk' needs a file for the images: set `cache_file`. Received: cache_file=None")
    return cache


def choose_cache(cache: str, count: int, shape: Sequence[int]) -> Cache:
    """Decide where to keep decoded images.

    Args:
        cache: One of `CACHES`. `"auto"` keeps them in memory if they take at most a quarter of the free memory,
            `"memory"` if they fit at all. `"disk"` keeps them in a file if they take more than that quarter, else in
            memory.
        count: Integer. Number of images.
        shape: Tuple `(height, width, channels)` of one image as it is kept.

    Returns:
        A `Cache`.

    Raises:
        ValueError: For `"memory"`, if they do not fit into the free memory.
    """
    size, free = count * int(np.prod(shape, dtype=np.int64)), free_memory()
    limit = int(SHARE_OF_FREE * free)
    words = (
        f"{count} decoded images take {size / _GIB:.2f} GiB, a quarter of the free memory is {limit / _GIB:.2f} GiB"
    )
    if cache == "none":
        return Cache("none", "images are decoded when they are needed")
    if cache == "memory" and size > free:
        raise ValueError(
            f"The decoded images do not fit into the free memory of {free / _GIB:.2f} GiB: {count} images of shape "
            f"{shape} take {size / _GIB:.2f} GiB. Use cache='disk' or cache='none'. Received: cache={cache!r}"
        )
    if size <= limit or cache == "memory":
        return Cache("memory", words)
    return Cache("disk" if cache == "disk" else "none", words)


def keep(
    cache: Cache,
    batches: Callable[[], tuple[Iterable[np.ndarray], Callable[[], Any]]],
    count: int,
    shape: Sequence[int],
    key: Any,
    cache_file: str | os.PathLike[str] | None,
    name: str | os.PathLike[str],
    verbose: int = 0,
) -> tuple[np.ndarray, Any]:
    """Decode images once, into memory or into a file, with a progress bar.

    Args:
        cache: A `Cache` of the kind `"memory"` or `"disk"`.
        batches: Function that returns an iterable and a function. The iterable yields uint8 arrays of shape
            `(n, height, width, channels)`, with n = `AT_ONCE` in all but the last. The function is called after the
            last array and returns other data to keep, in a form that JSON can hold. `batches` is not called if the
            file is complete.
        count: Integer. Number of images.
        shape: Tuple `(height, width, channels)`.
        key: Function that returns a string, which changes if the images change.
        cache_file: Path of the file.
        name: String. Name of the images, for the progress bar.
        verbose: Integer. 1 for a progress bar, or a line if the output is not a terminal. Defaults to `0`.

    Returns:
        Tuple of a uint8 array of shape `(count, height, width, channels)` and the other data.
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


def free_memory() -> int:
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
    # No container, an older version of cgroups, or no limit ("max").
    except (OSError, ValueError):
        return None
