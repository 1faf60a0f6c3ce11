import hashlib
import os
import zlib
from collections.abc import Sequence

from keras_ssl.data.memoize import memoized

EXTENSIONS = (".bmp", ".dcm", ".dicom", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
# macOS adds this folder to a zip, with files that have the names of images but are none.
_LEFT_OUT = ("__MACOSX",)


def find_images(path: str | os.PathLike[str]) -> tuple[str, list[str]]:
    """Find the image files of a folder.

    Args:
        path: Path of a folder. It may begin with `~`.

    Returns:
        Tuple of its absolute path and the result of `list_images`.

    Raises:
        FileNotFoundError, NotADirectoryError: If `path` is not a folder.
        ValueError: If there are no images in it.
    """
    folder = os.path.abspath(os.path.expanduser(path))
    if not os.path.exists(folder):
        raise FileNotFoundError(f"`path` must be a folder with images, but does not exist. Received: path={path!r}")
    if os.path.isfile(folder) and folder.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz")):
        raise NotADirectoryError(
            f"`path` is an archive: unpack it, then pass the folder with its files. Received: path={path!r}"
        )
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"`path` must be a folder, but is a file. Received: path={path!r}")
    names = memoized(("names", folder), lambda: list_images(folder))
    if not names:
        content = "files, none of them an image," if any(files for *_, files in os.walk(folder)) else "no files"
        raise ValueError(
            f"`path` must be a folder with images, in it or in its subfolders, whose names end in one of "
            f"{EXTENSIONS}. It holds {content} that can be read. Received: path={path!r}"
        )
    return folder, names


def list_images(folder: str) -> list[str]:
    """List the image files in a folder and its subfolders, sorted by their path.

    Hidden files and folders and `__MACOSX` are left out. Links are followed, and each real folder is read once, so
    loops of links are harmless. A broken link counts as a file, so that reading it raises an error.

    Args:
        folder: Path of a folder.

    Returns:
        List of paths relative to `folder` whose extension is in `EXTENSIONS`, in lower or upper case.
    """
    found, seen, waiting = [], set(), [""]
    while waiting:
        inner = waiting.pop()
        status = os.stat(os.path.join(folder, inner))
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        folders = []
        with os.scandir(os.path.join(folder, inner)) as entries:
            for entry in entries:
                if _is_left_out(entry.name):
                    continue
                if entry.is_dir():
                    folders.append(os.path.join(inner, entry.name))
                elif entry.name.lower().endswith(EXTENSIONS) and (entry.is_file() or entry.is_symlink()):
                    found.append(os.path.join(inner, entry.name))
        # In reverse, because the last is read first: of two links to one folder, always the same is used.
        waiting.extend(sorted(folders, reverse=True))
    return sorted(found)


def files_key(folder: str, paths: Sequence[str], settings: tuple) -> str:
    """String that changes when files are added, removed or written, or when settings change.

    Args:
        folder: Path of a folder.
        paths: Paths of files in it.
        settings: Tuple of settings, compared by its `repr`.
    """
    key = hashlib.sha256(repr(settings).encode())
    for path in paths:
        status = os.stat(path)
        key.update(os.fsencode(os.path.relpath(path, folder)))
        key.update(f"\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return key.hexdigest()


def label_by_folder(folder: str | os.PathLike[str], names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Label files by the subfolder that they are in.

    Args:
        folder: Path of a folder with one subfolder for each class.
        names: Paths of files relative to `folder`.

    Returns:
        Tuple of a list with one class index for each name, and the sorted list of class names. The class names are
        all subfolders that are not hidden, with or without images, so that a class has the same index in a training
        folder and in a test folder with the same subfolders.

    Raises:
        ValueError: If there are no subfolders, or some files are in none.
    """
    with os.scandir(folder) as entries:
        class_names = sorted(e.name for e in entries if e.is_dir() and not _is_left_out(e.name))
    stray = [name for name in names if not _top_folder(name)]
    if stray:
        raise ValueError(
            "With `labels=True` every image must be in a subfolder that is named after its class. Move the images, "
            f"or use no labels: labels=False, or keras-ssl embed. Received: path={folder!r} with {len(stray)} files "
            f"in no subfolder, such as {stray[0]!r}"
        )
    index = {name: position for position, name in enumerate(class_names)}
    return [index[_top_folder(name)] for name in names], class_names


def in_subset(names: Sequence[str], subset: str) -> list[str]:
    """Select the files of a folder that are for training, or the ones that are held out.

    Args:
        names: Paths of files relative to the folder.
        subset: `"train"` or `"test"`.

    Returns:
        List of the names in the subset, in the order of `names`.

    Raises:
        ValueError: If `subset` is neither, or empty.
    """
    if subset not in ("train", "test"):
        raise ValueError(f"`subset` must be 'train', 'test' or None. Received: subset={subset!r}")
    # A checksum is the same in every process, unlike Python's hash, and does not depend on the other files.
    held_out = {name for name in names if zlib.crc32(_portable(name)) % 5 == 0}
    # A small class whose files would all be held out is kept for training.
    learned = {_top_folder(name) for name in names if name not in held_out}
    held_out = {name for name in held_out if _top_folder(name) in learned}
    chosen = [name for name in names if (name in held_out) == (subset == "test")]
    if not chosen:
        raise ValueError(
            f"`subset` is empty: none of {len(names)} files belongs to it. Add images, or use subset=None. "
            f"Received: subset={subset!r}"
        )
    return chosen


def _top_folder(name):
    return name.split(os.sep, 1)[0] if os.sep in name else ""


def _portable(name):
    return os.fsencode(name.replace(os.sep, "/"))


def _is_left_out(name):
    return name.startswith(".") or name in _LEFT_OUT
