"""A folder to write into, or why there can be none."""


def make_folder(path):
    """Makes a folder and those above it, where they are not there yet.

    Args:
        path: `pathlib.Path`.

    Raises:
        OSError: of the kind that it was, in words.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise type(error)(
            f"There can be no folder at {path} ({error.strerror}): name another, in a place where you may write. "
            f"Received: {str(path)!r}"
        ) from error
