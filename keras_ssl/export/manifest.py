import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_ssl.export import versions

MANIFEST = "manifest.json"
_FORMAT = "keras_ssl/saved_model/1"
_PACKAGES = ("keras_ssl", "keras", "tensorflow", "tensorflow-serving-api")


def write_manifest(folder: str | os.PathLike[str], *, metadata: Mapping[str, Any] | None, **facts: Any) -> None:
    """Write `manifest.json`: facts about the model, and the checksum of each file in `folder`.

    Args:
        folder: The version folder, which is complete except for the manifest.
        metadata: Dict from the user, or `None`. Its `method` and `data` go to the top level of the manifest.
        **facts: Further entries, JSON values.
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
    """Check each file of an exported model against its checksum in the manifest.

    Finds truncated downloads, and missing and edited files. It is not a signature: whoever can write the files can
    write the manifest. Files that are not in the manifest are ignored.

    Args:
        path: String or path. The folder that `export.saved_model` or `export.scene_model` wrote into, whose newest
            version is checked, or a version folder in it.

    Returns:
        Dict. The manifest: `kind` ("encoder", "detector" or "segmenter"), `method`, `data`, `pixels`, `signatures`,
        `outputs`, `class_names`, `versions`, `files` and more.

    Raises:
        ValueError: If there is no exported model, or a file is missing, truncated or changed. The message names all
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
            f"The exported model has no readable {MANIFEST}: it is incomplete, or not from keras_ssl. Export "
            f"it again, or load it with tf.saved_model.load. Received: path={str(folder)!r}, {error!r}"
        ) from error
    problems = [f"{name} {problem}" for name in files if (problem := _problem(folder / name, files[name]))]
    if problems:
        raise ValueError(
            "The files of the exported model have changed since the export. Copy or export it again. "
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
