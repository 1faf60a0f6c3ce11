import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

from keras_ssl.export import versions

MANIFEST = "manifest.json"
_FORMAT = "keras_ssl/saved_model/1"
_PACKAGES = ("keras_ssl", "keras", "tensorflow", "tensorflow-serving-api")


def write_manifest(folder, *, metadata, **facts):
    """Writes `manifest.json`: what the model is, and the checksum of each file in `folder`.

    Args:
        folder: The version folder, otherwise complete.
        metadata: Dict of the user's own, or `None`. Its `method` and `data` stand at the top of the manifest.
        **facts: Further entries, all JSON.
    """
    metadata = dict(metadata or {})
    manifest = {
        "format": _FORMAT,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "method": metadata.pop("method", None),
        "data": metadata.pop("data", None),
        **facts,
        "metadata": metadata,
        "versions": {"python": platform.python_version(), **_installed(_PACKAGES)},
        "files": {
            file.relative_to(folder).as_posix(): {"sha256": _sha256(file), "bytes": file.stat().st_size}
            for file in sorted(Path(folder).rglob("*"))
            if file.is_file()
        },
    }
    (Path(folder) / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def verify(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Checks each file of an exported model against its checksum in the manifest.

    It finds truncated downloads, lost files and edited ones. It is not a signature: whoever can write the files can
    write the manifest. Files that the manifest does not name are left alone.

    Args:
        path: The folder that `export.saved_model` wrote into (its newest version is checked), or one version
            folder in it.

    Returns:
        The manifest, a dict: `method`, `data`, `pixels`, `signatures`, `outputs`, `class_names`, `versions`,
        `files` and more.

    Raises:
        ValueError: If there is no exported model, or a file is missing, cut short or changed, with the names of all
            such files.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3))
    >>> version = keras_ssl.export.saved_model(encoder, "saved_models/cats", metadata={"method": "simclr"})
    >>> keras_ssl.export.verify(version)["method"]
    'simclr'
    """
    folder = versions.find(path)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"The exported model has no readable {MANIFEST}: it is incomplete, or keras_ssl did not write it. Export "
            f"again, or load it with tf.saved_model.load. Received: path={str(folder)!r}, {error!r}"
        ) from error
    problems = [f"{name} {problem}" for name in files if (problem := _problem(folder / name, files[name]))]
    if problems:
        raise ValueError(
            "The exported model is not what was written: copy or export it again. "
            f"Received: path={str(folder)!r}, in which {', '.join(problems)}"
        )
    return manifest


def _problem(file, expected):
    if not file.is_file():
        return "is missing"
    if file.stat().st_size != expected["bytes"]:
        return f"has {file.stat().st_size} bytes instead of {expected['bytes']}"
    return None if _sha256(file) == expected["sha256"] else "has another checksum"


def _sha256(file):
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _installed(packages):
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    return found
