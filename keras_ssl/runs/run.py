import contextlib
import shlex
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

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

#: The decoded pictures of a run with `cache="disk"`.
CACHE_FILE = "pictures.cache"
# What earlier versions wrote aside.
_FORMER_ASIDES = ("writing-config.yaml", "writing-encoder.keras", f"writing-{CACHE_FILE}")
#: What a run writes; whatever else lies in its folder is not its own.
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

    Reading its settings and its history runs no code that came with it. `encoder` and `model` load `.keras` files,
    which Keras does in its safe mode, but which may hold any network: load those of people that you trust.

    Args:
        path: the folder that `runs.pretrain` made.

    Raises:
        FileNotFoundError: where it is not the folder of a run.

    Example:

    >>> import keras_ssl
    >>> run = keras_ssl.runs.pretrain("simclr", "digits", "runs/one-epoch", overrides={"epochs": 1}, verbose=0)
    >>> keras_ssl.runs.Run("runs/one-epoch").epochs_done
    1
    """

    path: Path

    def __post_init__(self):
        object.__setattr__(self, "path", Path(self.path))
        if not (self.path / "config.yaml").is_file():
            raise FileNotFoundError(
                f"There is no run in {self.path}: it has no config.yaml. Received: path={str(self.path)!r}"
            )

    @property
    def config(self):
        """All settings, as a dict: the recipe's under "recipe", the data's under "data".

        Raises:
            ValueError: where a setting is missing or is none.

        Warns:
            UserWarning: for settings that this version does not know, and where other versions wrote them.
        """
        return read_config(self.path / "config.yaml")

    @property
    def history(self):
        """What fit logged: a dict of lists, one entry an epoch."""
        rows = read_history(self.path / "history.csv")
        columns = {key: [row[key] for row in rows] for key in (rows[0] if rows else {})}
        # Keras' CSVLogger prepares a column of NA for the validation of each quantity, validated or not.
        return {key: [float(v) for v in values] for key, values in columns.items() if "NA" not in values}

    @property
    def epochs_done(self):
        """Epochs of the newest checkpoint; 0, with a warning, where all are damaged: the encoder may be whole."""
        try:
            return latest_checkpoint(self.path / "checkpoints")[1]
        except ValueError as error:
            warnings.warn(str(error), stacklevel=2)
            return 0

    @property
    def steps_done(self):
        """Updates of the network until the newest checkpoint, None where the run's images were not counted."""
        images = self.config.get("images")
        return images and steps_per_epoch(self.config["recipe"], images) * self.epochs_done

    def encoder(self, allow_diverged=False):
        """The encoder as it is now, a `keras.Model`.

        Args:
            allow_diverged: bool, whether weights that are NaN or infinite are no error.

        Raises:
            FileNotFoundError: when the run has not finished an epoch.
            ValueError: when its weights are not finite.

        Warns:
            UserWarning: when its file is damaged, and that of the newest checkpoint is taken.
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
                f"{path} is truncated or damaged and is passed over: the encoder of the newest checkpoint is used.",
                stacklevel=2,
            )
            encoder = self.model(allow_diverged).encoder
        return encoder if allow_diverged else self._finite(encoder)

    def model(self, allow_diverged=False, checkpoint=None):
        """The whole method as it is now, with heads and optimizers, a `keras_ssl.SelfSupervisedModel`.

        Args:
            allow_diverged: bool, whether weights that are NaN or infinite are no error.
            checkpoint: optional path of one of the run's checkpoints. Defaults to the newest.

        Raises:
            FileNotFoundError: when the run has not finished an epoch.
            ValueError: when its weights are not finite.
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
                "The training diverged: weights are NaN or infinite, and nothing can be done with them. Train anew, "
                f"with a lower learning rate. Received: the run in {self.path}, {len(found)} such weights, first "
                f"{found[0]}"
            )
        return model


def as_run(run):
    """Returns `run`, or the `Run` of the folder at that path."""
    return run if isinstance(run, Run) else Run(run)


@contextlib.contextmanager
def new_folder(folder):
    """Creates the folder of a new run, and removes it if the run fails early.

    Raises:
        FileExistsError: where it is taken.
    """
    taken = FileExistsError(
        f"{folder} is there already. Take another folder, or go on with the run in it: keras_ssl.runs.resume, "
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
def cleared_on_failure(folder):
    """Removes what a run wrote into its folder if it fails before it can be resumed.

    Else the folder would refuse the next try. A run that is interrupted after its settings are written stays: it can
    go on.
    """
    made = not folder.exists()
    try:
        yield
    except (BlockingIOError, FileExistsError):  # it is another's
        raise
    except BaseException as error:
        can_go_on = (folder / "config.yaml").is_file() and not isinstance(error, Exception)
        if not can_go_on and not any((folder / "checkpoints").glob("epoch-*.keras")):
            _clear(folder, made)
        raise


def is_taken(folder):
    """Whether a new run would overwrite something: a run, or files of others.

    What a run wrote that was killed before its settings were, is nothing: its README and a figure of its images.
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


def save_figure(folder, name, draw, *args, **kwargs):
    """Draws a figure and saves it as `figures/{name}.png` in a run folder.

    Where it cannot be drawn, as from features that are not numbers, or not be written, that is said in a line: a
    picture ends no run.
    """
    try:
        figure = draw(*args, **kwargs)
        make_folder(folder / "figures")
        atomic_write(folder / "figures" / f"{name}.png", lambda path: figure.savefig(path, bbox_inches="tight"))
    except (ValueError, OSError) as error:
        print(f"There is no {name}.png: {' '.join(str(error).split())}", flush=True)
