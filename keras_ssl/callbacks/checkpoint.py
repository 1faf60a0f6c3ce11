import os
import re
import warnings
from pathlib import Path
from typing import NamedTuple

import keras

from keras_ssl.checks.finite import check_finite_weights
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.files.checksum import add_checksum, is_intact, read_sequence
from keras_ssl.files.make_folder import make_folder

_NAME = re.compile(r"epoch-(\d+)\.keras")


class Checkpoint(keras.callbacks.Callback):
    """Saves the whole model during fit, so that an interrupted training can resume exactly.

    A checkpoint holds the method, its optimizers and its step counter: training that goes on from it, on the
    same data from `keras_ssl.data`, gives the same weights bit for bit on the same machine. It is written
    aside and then renamed, so a crash leaves the one before; and it has a checksum, by which `latest_checkpoint`
    passes over a damaged one. Weights that are NaN or infinite are an error, and not written.

    The newest is the one that was written last, whatever its number: where the folder has checkpoints of an earlier
    training, those of this one take their place.

    Args:
        folder: Where `epoch-0001.keras`, `epoch-0002.keras`, … go; made if it is not there.
        every: Integer. Epochs between checkpoints; the last epoch always has one. Defaults to `1`.
        keep: Integer. How many of the newest stay. Defaults to `2`, so that there is one before a damaged one.

    Example:

    >>> import keras, keras_ssl
    >>> from keras_ssl.callbacks import Checkpoint, latest_checkpoint
    >>> images, _ = keras_ssl.data.digits.load_digits("train")
    >>> model = keras_ssl.SimCLR(keras_ssl.backbones.small_cnn((8, 8, 1)))
    >>> model.compile("adam")
    >>> _ = model.fit(images, epochs=2, callbacks=[Checkpoint("checkpoints")], verbose=0)
    >>> path, epochs_done = latest_checkpoint("checkpoints")
    >>> model = keras.saving.load_model(path)
    >>> _ = model.fit(images, initial_epoch=epochs_done, epochs=4, verbose=0)
    """

    def __init__(self, folder: str | os.PathLike[str], every: int = 1, keep: int = 2) -> None:
        super().__init__()
        if every < 1 or keep < 1:
            raise ValueError(f"every and keep must be at least 1. Received: every={every}, keep={keep}")
        self.folder = Path(folder)
        self.every = every
        self.keep = keep
        self._epochs_done = self._epochs_written = 0

    def on_train_begin(self, logs=None):
        """Forgets an earlier fit, and makes the folder: where there can be none, no epoch is trained in vain."""
        self._epochs_done = self._epochs_written = 0
        make_folder(self.folder)

    def on_epoch_end(self, epoch, logs=None):
        """Writes a checkpoint when one is due."""
        self._epochs_done = epoch + 1
        if self._epochs_done % self.every == 0:
            self._write()

    def on_train_end(self, logs=None):
        """Writes a checkpoint of the last epoch, unless it has one."""
        if self._epochs_done != self._epochs_written:
            self._write()

    @property
    def newest(self):
        """The path of the newest checkpoint, or None."""
        return latest_checkpoint(self.folder)[0]

    def _write(self):
        check_finite_weights(self.model)
        make_folder(self.folder)
        sequence = max((found.sequence or 0 for found in _checkpoints(self.folder)), default=0) + 1

        def write(temporary):
            self.model.save(temporary)
            add_checksum(temporary, sequence)

        atomic_write(self.folder / f"epoch-{self._epochs_done:04d}.keras", write)
        self._epochs_written = self._epochs_done
        found = _checkpoints(self.folder)
        kept = [one for one in found if one.sequence is not None][-self.keep :]
        for one in found:
            if one not in kept:
                one.path.unlink()


class _Found(NamedTuple):
    sequence: int | None
    epochs_done: int
    path: Path


def _checkpoints(folder):
    """Every checkpoint in `folder`, oldest first, and those last of which half is missing."""
    matches = ((_NAME.fullmatch(path.name), path) for path in Path(folder).glob("epoch-*.keras"))
    found = [_Found(read_sequence(path), int(match[1]), path) for match, path in matches if match and path.is_file()]
    return sorted(found, key=lambda one: (one.sequence is None, one.sequence, one.epochs_done))


def latest_checkpoint(folder: str | os.PathLike[str]) -> tuple[Path | None, int]:
    """The newest whole checkpoint that `Checkpoint` left in `folder`.

    Returns:
        A tuple of its path and the number of epochs it has done, or `(None, 0)` where there is none.

    Raises:
        ValueError: If there are checkpoints, and all are truncated or damaged.

    Warns:
        UserWarning: If a newer one is truncated or damaged, which is passed over.
    """
    checkpoints = _checkpoints(folder)[::-1]
    whole = next((number for number, found in enumerate(checkpoints) if is_intact(found.path)), len(checkpoints))
    if checkpoints and whole == len(checkpoints):
        # To begin anew would take away what is left: the history, and files that may be mended.
        raise ValueError(
            "All checkpoints are truncated or damaged. Copy them there again, or begin anew in another folder. "
            f"Received: {', '.join(found.path.name for found in checkpoints)} in {folder}"
        )
    for found in checkpoints[:whole]:
        warnings.warn(
            f"The checkpoint {found.path} is truncated or damaged and is passed over: the one before it is used.",
            stacklevel=2,
        )
    return (checkpoints[whole].path, checkpoints[whole].epochs_done) if checkpoints else (None, 0)
