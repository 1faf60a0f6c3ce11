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

    A checkpoint holds the method, its optimizers and its step counter. A training resumed from it, on the same data
    from `keras_ssl.data`, gives the same weights bit for bit on the same machine. A checkpoint is written to a
    temporary file and then renamed, so that a crash leaves the previous one. It has a checksum, so that
    `latest_checkpoint` can skip a damaged one. Weights that are NaN or infinite raise an error and are not written.

    The newest checkpoint is the one written last, whatever its number. If the folder has checkpoints of an earlier
    training, those of this training replace them.

    Args:
        folder: String or path. Folder for `epoch-0001.keras`, `epoch-0002.keras`, …; created if missing.
        every: Integer > 0. Epochs between checkpoints; the last epoch always has one. Defaults to `1`.
        keep: Integer > 0. How many of the newest checkpoints to keep. Defaults to `2`, so that there is another one
            if the newest is damaged.

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

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Reset the state of an earlier fit, and create the folder, so that a failure costs no epoch of training."""
        self._epochs_done = self._epochs_written = 0
        make_folder(self.folder)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write a checkpoint if one is due."""
        self._epochs_done = epoch + 1
        if self._epochs_done % self.every == 0:
            self._write()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Write a checkpoint of the last epoch, unless it has one."""
        if self._epochs_done != self._epochs_written:
            self._write()

    @property
    def newest(self) -> Path | None:
        """Path of the newest checkpoint, or `None`."""
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
    """Return all checkpoints in `folder`, oldest first, and truncated ones last."""
    matches = ((_NAME.fullmatch(path.name), path) for path in Path(folder).glob("epoch-*.keras"))
    found = [_Found(read_sequence(path), int(match[1]), path) for match, path in matches if match and path.is_file()]
    return sorted(found, key=lambda one: (one.sequence is None, one.sequence, one.epochs_done))


def latest_checkpoint(folder: str | os.PathLike[str]) -> tuple[Path | None, int]:
    """Return the newest intact checkpoint of `Checkpoint` in `folder`.

    Args:
        folder: String or path. The folder of the checkpoints.

    Returns:
        A tuple of its path and its number of epochs, or `(None, 0)` if there is none.

    Raises:
        ValueError: If there are checkpoints, but all are truncated or damaged.

    Warns:
        UserWarning: If a newer checkpoint is truncated or damaged, and skipped.
    """
    checkpoints = _checkpoints(folder)[::-1]
    whole = next((number for number, found in enumerate(checkpoints) if is_intact(found.path)), len(checkpoints))
    if checkpoints and whole == len(checkpoints):
        # Starting again would delete what is left: the history, and files that may be repaired.
        raise ValueError(
            "All checkpoints are truncated or damaged. Copy them there again, or start again in another folder. "
            f"Received: {', '.join(found.path.name for found in checkpoints)} in {folder}"
        )
    for found in checkpoints[:whole]:
        warnings.warn(
            f"The checkpoint {found.path} is truncated or damaged and is skipped: the one before it is used.",
            stacklevel=2,
        )
    return (checkpoints[whole].path, checkpoints[whole].epochs_done) if checkpoints else (None, 0)
