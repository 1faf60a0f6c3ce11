"""A checksum in `.keras` files, which shows before loading that a file is truncated or damaged."""

import hashlib
import os
import re
import zipfile
from typing import Any

import keras

# A zip archive may end in a comment, so a file with a checksum loads like any other.
_COMMENT = re.compile(rb"keras_ssl seal 1 ([0-9]{12}) ([0-9a-f]{64})")
_DIGEST_BYTES = 64
_COMMENT_BYTES = len(b"keras_ssl seal 1 ") + 12 + 1 + _DIGEST_BYTES


def add_checksum(path: str | os.PathLike[str], sequence: int = 0) -> None:
    """Write a sequence number and a SHA-256 checksum into a `.keras` file.

    Args:
        path: Path of the file.
        sequence: Integer. Orders files that were written one after the other. Defaults to `0`.
    """
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"keras_ssl seal 1 %012d %s" % (sequence, b"0" * _DIGEST_BYTES)
    digest = _digest(path)
    with open(path, "rb+") as file:
        file.seek(-_DIGEST_BYTES, 2)
        file.write(digest)


def read_sequence(path: str | os.PathLike[str]) -> int | None:
    """The sequence number of a file: `0` if it has no checksum, `None` if it is truncated."""
    found = _read_comment(path)
    if found:
        return int(found[1])
    return 0 if zipfile.is_zipfile(path) else None


def is_intact(path: str | os.PathLike[str]) -> bool:
    """Whether a `.keras` file is undamaged. If it has no such checksum, those of the zip archive decide."""
    if found := _read_comment(path):
        return _digest(path) == found[2]
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    # A damaged archive may raise anything.
    except Exception:
        return False


def load_intact(path: str | os.PathLike[str], **kwargs: Any) -> keras.Model:
    """Load a `.keras` file with `keras.saving.load_model` if its checksum is right.

    Args:
        path: Path of the file.
        **kwargs: Passed on to `keras.saving.load_model`.

    Raises:
        ValueError: If the file is truncated or damaged.
    """
    if not is_intact(path):
        raise ValueError(
            f"The file is truncated or damaged. Copy it again, or write it again. Received: path={str(path)!r}"
        )
    return keras.saving.load_model(path, **kwargs)


def _read_comment(path):
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _COMMENT_BYTES))
        return _COMMENT.fullmatch(file.read())


def _digest(path):
    """SHA-256 of all but the checksum at the end, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        left = file.seek(0, 2) - _DIGEST_BYTES
        file.seek(0)
        while left > 0 and (block := file.read(min(left, 2**20))):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest().encode()
