"""Creation of folders to write into."""

from pathlib import Path


def make_folder(path: Path) -> None:
    """Create a folder and its parents, unless they exist.

    Args:
        path: `pathlib.Path` of the folder.

    Raises:
        OSError: If it cannot be created, of the original class, such as `PermissionError`.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise type(error)(
            f"Cannot create the folder {path} ({error.strerror}): choose another one, where you may write. "
            f"Received: {str(path)!r}"
        ) from error
