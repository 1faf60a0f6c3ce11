import contextlib
import os
import shlex
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from keras_ssl.callbacks import latest_checkpoint
from keras_ssl.checks.finite import broken_weights
from keras_ssl.files.atomic_write import atomic_write, is_temporary
from keras_ssl.files.checksum import is_intact
from keras_ssl.files.make_folder import make_folder
from keras_ssl.recipes.plan import steps_per_epoch
from keras_ssl.runs.config import read_config
from keras_ssl.runs.history_file import read_history
from keras_ssl.runs.lock import LOCK_FILE, locked

if TYPE_CHECKING:
    import keras_ssl

#: The decoded images of a run with `cache="disk"`.
CACHE_FILE = "pictures.cache"
# Temporary files of earlier versions.
_FORMER_ASIDES = ("writing-config.yaml", "writing-encoder.keras", f"writing-{CACHE_FILE}")
#: The files that a run writes. Other files in its folder are not its own.
RUN_FILES = (
    "README.md",
    "config.yaml",
    "encoder.keras",
    "history.csv",
    CACHE_FILE,
    *_FORMER_ASIDES,
)
RUN_FOLDERS = ("checkpoints", "figures")
README_TITLE = "# A run of keras_ssl\n"
BEGUN_FIGURES = ("views.png", "questions.png")


@dataclass(frozen=True)
class Run:
    """A run folder.

    Reading its settings and its history runs no code from the folder. `encoder` and `model` load `.keras` files in
    the safe mode of Keras, but such a file may hold any network: load only files of people that you trust.

    Args:
        path: Path of the folder that `runs.pretrain` made.

    Raises:
        FileNotFoundError: If it is not the folder of a run.

    Example:

    >>> import keras_ssl
    >>> run = keras_ssl.runs.pretrain("simclr", "digits", "runs/one-epoch", overrides={"epochs": 1}, verbose=0)
    >>> keras_ssl.runs.Run("runs/one-epoch").epochs_done
    1
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        if not (self.path / "config.yaml").is_file():
            raise FileNotFoundError(
                f"There is no run in {self.path}: it has no config.yaml. Received: path={str(self.path)!r}"
            )

    @property
    def config(self) -> dict[str, Any]:
        """All settings, as a dict: the recipe's under "recipe", the data's under "data".

        Raises:
            ValueError: If a setting is missing or invalid.

        Warns:
            UserWarning: If this version does not know a setting, or other versions wrote the settings.
        """
        return read_config(self.path / "config.yaml")

    @property
    def history(self) -> dict[str, list[float]]:
        """The log of fit: a dict of lists with one entry for each epoch."""
        rows = read_history(self.path / "history.csv")
        columns = {key: [row[key] for row in rows] for key in (rows[0] if rows else {})}
        # Keras' CSVLogger writes a validation column for each quantity, of NA if there is no validation.
        return {key: [float(v) for v in values] for key, values in columns.items() if "NA" not in values}

    @property
    def epochs_done(self) -> int:
        """Epochs of the newest checkpoint. 0, with a warning, if all are damaged; the encoder may still be intact."""
        try:
            return latest_checkpoint(self.path / "checkpoints")[1]
        except ValueError as error:
            warnings.warn(str(error), stacklevel=2)
            return 0

    @property
    def steps_done(self) -> int | None:
        """Training steps up to the newest checkpoint, or None if the run's images were not counted."""
        images = self.config.get("images")
        return images and steps_per_epoch(self.config["recipe"], images) * self.epochs_done

    def encoder(self, allow_diverged: bool = False) -> keras.Model:
        """The encoder in its newest state, a `keras.Model`.

        Args:
            allow_diverged: Boolean. Whether weights may be NaN or infinite. Defaults to `False`.

        Raises:
            FileNotFoundError: If the run has not finished an epoch.
            ValueError: If weights are not finite.

        Warns:
            UserWarning: If its file is damaged, and the encoder of the newest checkpoint is used.
        """
        path = self.path / "encoder.keras"
        if not path.is_file():
            raise FileNotFoundError(
                f"The run in {self.path} has not finished its first epoch, so it has no encoder yet; "
                f"go on with: keras-ssl pretrain --resume --out {shlex.quote(str(self.path))}"
            )
        if is_intact(path):
            encoder = keras.saving.load_model(path)
        else:
            warnings.warn(
                f"{path} is truncated or damaged, so the encoder of the newest checkpoint is used instead.",
                stacklevel=2,
            )
            encoder = self.model(allow_diverged).encoder
        return encoder if allow_diverged else self._finite(encoder)

    def model(
        self, allow_diverged: bool = False, checkpoint: str | os.PathLike[str] | None = None
    ) -> "keras_ssl.SelfSupervisedModel":
        """The whole method in its newest state, with heads and optimizers, a `keras_ssl.SelfSupervisedModel`.

        Args:
            allow_diverged: Boolean. Whether weights may be NaN or infinite. Defaults to `False`.
            checkpoint: Path of one of the run's checkpoints. `None` means the newest. Defaults to `None`.

        Raises:
            FileNotFoundError: If the run has not finished an epoch.
            ValueError: If weights are not finite.
        """
        checkpoint = checkpoint or latest_checkpoint(self.path / "checkpoints")[0]
        if checkpoint is None:
            raise FileNotFoundError(
                f"The run in {self.path} has not finished its first epoch, so there is no checkpoint to load; "
                f"go on with: keras-ssl pretrain --resume --out {shlex.quote(str(self.path))}"
            )
        model = keras.saving.load_model(checkpoint)
        return model if allow_diverged else self._finite(model)

    def _finite(self, model):
        if found := broken_weights(model):
            raise ValueError(
                "The training diverged: weights are NaN or infinite, so the network cannot be used. Train again "
                f"with a lower learning rate. Received: the run in {self.path}, {len(found)} such weights, first "
                f"{found[0]}"
            )
        return model


def as_run(run: Any) -> Run:
    """Return `run`, or the `Run` of the folder at that path."""
    return run if isinstance(run, Run) else Run(run)


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Context that creates the folder of a new run, and removes it if the run fails early.

    Raises:
        FileExistsError: If the folder has files already.
    """
    taken = FileExistsError(
        f"{folder} exists already. Use another folder, or resume the run in it: keras_ssl.runs.resume, "
        f"on the command line --resume. Received: out={str(folder)!r}"
    )
    if is_taken(folder):
        raise taken
    with cleared_on_failure(folder):
        make_folder(folder)
        with locked(folder):
            if is_taken(folder):
                raise taken
            yield


@contextlib.contextmanager
def cleared_on_failure(folder: Path) -> Iterator[None]:
    """Context that removes the files of a run from its folder if it fails before it can be resumed.

    Otherwise they would block the next attempt. A run that is interrupted after its settings are written stays,
    because it can be resumed.
    """
    made = not folder.exists()
    try:
        yield
    except (BlockingIOError, FileExistsError):  # the folder belongs to another run
        raise
    except BaseException as error:
        can_go_on = (folder / "config.yaml").is_file() and not isinstance(error, Exception)
        if not can_go_on and not any((folder / "checkpoints").glob("epoch-*.keras")):
            _clear(folder, made)
        raise


def is_taken(folder: Path) -> bool:
    """Whether a new run would overwrite something: a run, or other files.

    The README and the figures of a run that was killed before its settings were written do not count.
    """
    if not folder.exists():
        return False
    if not folder.is_dir() or any((folder / name).exists() for name in ("config.yaml", "encoder.keras")):
        return True
    if (folder / "checkpoints").exists() or (folder / "history.csv").exists():
        return True
    return any(not _is_a_beginning(entry) for entry in folder.iterdir())


def _is_a_beginning(entry):
    if entry.name == "figures":
        return entry.is_dir() and all(figure.name in BEGUN_FIGURES for figure in entry.iterdir())
    if entry.name == "README.md":
        return entry.is_file() and entry.read_text(encoding="utf-8", errors="replace").startswith(README_TITLE)
    return entry.name in (LOCK_FILE, CACHE_FILE, *_FORMER_ASIDES) or is_temporary(entry)


def _clear(folder, made):
    if not folder.is_dir():
        return
    for name in RUN_FILES:
        (folder / name).unlink(missing_ok=True)
    for name in RUN_FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    if made and not any(folder.iterdir()):
        folder.rmdir()


def save_figure(folder: Path, name: str, draw: Callable, *args: Any, **kwargs: Any) -> None:
    """Draw a figure and save it as `figures/{name}.png` in a run folder.

    If it cannot be drawn, for example from features that are not finite, or cannot be written, a line says so: a
    figure must not end a run.
    """
    try:
        figure = draw(*args, **kwargs)
        make_folder(folder / "figures")
        atomic_write(folder / "figures" / f"{name}.png", lambda path: figure.savefig(path, bbox_inches="tight"))
    except (ValueError, OSError) as error:
        print(f"Could not save {name}.png: {' '.join(str(error).split())}", flush=True)
