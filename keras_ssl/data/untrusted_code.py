"""Check that prepared TFDS data sets run no untrusted code.

They name Python classes, whose modules tensorflow-datasets imports. Only its own, and imported ones, are allowed.
"""

import json
import os
import re
import sys

# TFDS reads the features from both, as names of classes.
_FILES = ("features.json", "dataset_info.json")
_KEYS = ("type", "pythonClassName", "python_class_name")
_OWN = "tensorflow_datasets."
_DEEPEST = 3  # data set, configuration, version
_VERSION = re.compile(r"[\d*]")


def refuse_untrusted_code(name: str, data_dir: str | os.PathLike[str] | None) -> None:
    """Raise a ValueError if reading a data set would run code that is not from TFDS and not yet imported.

    Args:
        name: String. Name of the data set, as for `tfds.builder`.
        data_dir: Folder of prepared data sets. `None` means the default folder of TFDS.
    """
    base, colon, rest = name.partition(":")
    if colon and "/" not in base and not _VERSION.match(rest):
        raise ValueError(
            "Community data sets of tensorflow-datasets run code of others, so they are not loaded by name. Make a "
            f"tf.data.Dataset of their images with tfds.load, and use that. Received: name={name!r}"
        )
    if data_dir is None or not os.path.isdir(data_dir):
        return
    wanted = _plain(base.split("/")[0])
    for entry in os.listdir(data_dir):
        if _plain(entry) == wanted:
            for path in _descriptions(os.path.join(data_dir, entry)):
                _check(path)


def _plain(name):
    """The common form of names such as NumberedImages and numbered_images."""
    return name.lower().replace("_", "")


def _descriptions(folder):
    depth = folder.rstrip(os.sep).count(os.sep)
    for path, folders, files in os.walk(folder, followlinks=True):
        if path.count(os.sep) - depth >= _DEEPEST:
            folders.clear()
        yield from (os.path.join(path, file) for file in _FILES if file in files)


def _check(path):
    with open(path, encoding="utf-8") as file:
        classes = set(_classes(json.load(file)))
    foreign = sorted(
        name for name in classes if not name.startswith(_OWN) and name.rpartition(".")[0] not in sys.modules
    )
    if foreign:
        raise ValueError(
            "The prepared data set names Python modules that reading it would import. If you trust them, import them "
            f"first; else do not use this data set. Received: {path}, which names {', '.join(foreign)}"
        )


def _classes(value):
    """Yields the names of classes in the JSON of features, also in JSON inside its strings."""
    if isinstance(value, list):
        for part in value:
            yield from _classes(part)
    if isinstance(value, dict):
        for key, part in value.items():
            if key in _KEYS and isinstance(part, str):
                yield part
            yield from _classes(part)
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            yield from _classes(json.loads(value))
        except ValueError:
            return  # a text
