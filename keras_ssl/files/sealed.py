"""A seal on `.keras` files, by which a truncated or damaged one is told before it is loaded."""

import hashlib
import re
import zipfile

import keras

# A zip archive may end in a comment, so a sealed file is loaded by whatever loads one that is not.
_SEAL = re.compile(rb"keras_ssl seal 1 ([0-9]{12}) ([0-9a-f]{64})")
_DIGEST_BYTES = 64
_SEAL_BYTES = len(b"keras_ssl seal 1 ") + 12 + 1 + _DIGEST_BYTES


def seal(path, sequence=0):
    """Writes a sequence number and a SHA-256 checksum into a `.keras` file.

    Args:
        path: of the file.
        sequence: int, by which files are told that were written one after the other.
    """
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"keras_ssl seal 1 %012d %s" % (sequence, b"0" * _DIGEST_BYTES)
    digest = _digest(path)
    with open(path, "rb+") as file:
        file.seek(-_DIGEST_BYTES, 2)
        file.write(digest)


def sequence_of(path):
    """The sequence number of a sealed file, 0 of one without a seal, and None of a truncated one."""
    found = _seal_of(path)
    if found:
        return int(found[1])
    return 0 if zipfile.is_zipfile(path) else None


def is_whole(path):
    """Whether a `.keras` file is as it was written. One without a seal is looked at by the checksums of its parts."""
    if found := _seal_of(path):
        return _digest(path) == found[2]
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    # Whatever a damaged archive may lead to.
    except Exception:
        return False


def load_whole(path, **kwargs):
    """`keras.saving.load_model`, with words where the file is truncated or damaged.

    Raises:
        ValueError: where it is.
    """
    if not is_whole(path):
        raise ValueError(
            "The file is not what was written: it is truncated or damaged. Copy it anew, or write it again. "
            f"Received: path={str(path)!r}"
        )
    return keras.saving.load_model(path, **kwargs)


def _seal_of(path):
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _SEAL_BYTES))
        return _SEAL.fullmatch(file.read())


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
