import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from keras_ssl.files.atomic_write import atomic_write


class HistoryFile(keras.callbacks.Callback):
    """Callback that writes the logs of fit to a CSV file, one row per epoch. The file is complete at any time.

    Args:
        path: `pathlib.Path` of the file. Its rows are kept.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def on_train_begin(self, logs=None):
        """Reads the rows of the training that is resumed."""
        self._rows = read_history(self._path)

    def on_epoch_end(self, epoch, logs=None):
        """Adds the row."""
        self._rows.append({"epoch": epoch, **dict(sorted((logs or {}).items()))})
        write_history(self._path, self._rows)


def read_history(path: Path) -> list[dict[str, str]]:
    """Read the rows of a history.csv, as dicts of strings. There are none if there is no file.

    A last line that a killed process of an earlier version did not finish is left out.

    Raises:
        ValueError: If it is not a table of numbers, or two trainings wrote into it at once, which earlier versions
            allowed.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"history.csv must be a table as text ({error}). Received: {path}") from error
    if rows and None in rows[-1].values():
        rows.pop()
    for line, row in enumerate(rows, 2):
        if not (row.get("epoch") or "").isdigit():
            raise ValueError(
                "history.csv must have one header and one row an epoch; two trainings may have written into it at "
                f"once. Delete the lines of one of them. Received: line {line} of {path}"
            )
        for name, value in row.items():
            if value != "NA" and not _is_number(value):
                raise ValueError(
                    "history.csv must hold numbers, or NA. Correct the line or delete it. "
                    f"Received: {name}={value!r} in line {line} of {path}"
                )
    return rows


def _is_number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def write_history(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a history.csv. Values that a row lacks are "NA"."""
    names = list(dict.fromkeys(name for row in rows for name in row))

    def write(temporary):
        with temporary.open("w", newline="", encoding="utf-8") as file:
            if rows:
                writer = csv.DictWriter(file, names, restval="NA")
                writer.writeheader()
                writer.writerows(rows)

    atomic_write(path, write)
