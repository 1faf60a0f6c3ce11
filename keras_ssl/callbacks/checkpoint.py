import os
import re
from pathlib import Path

import keras

from keras_ssl.training import check_finite_weights

_NAME = re.compile(r"epoch-(\d+)\.keras")


class Checkpoint(keras.callbacks.Callback):
    """Keeps the whole model in a folder, so that an interrupted fit can go on as if it had never stopped.

    A checkpoint holds the method, its optimizers and its step counter: training that goes on from it, on the
    same data from `keras_ssl.data`, gives the same weights bit for bit on the same machine. It is written
    aside and then renamed, so a crash leaves the one before. Weights that are NaN or infinite are an error, and not
    written.

    Args:
        folder: where `epoch-0001.keras`, `epoch-0002.keras`, … go; made if it is not there.
        every: int, epochs between checkpoints; the last epoch always has one. Default 1.
        keep: int, how many of the newest stay. Default 1.

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

    def __init__(self, folder, every=1, keep=1):
        super().__init__()
        if every < 1 or keep < 1:
            raise ValueError(f"every and keep must be at least 1. Received: every={every}, keep={keep}")
        self.folder = Path(folder)
        self.every = every
        self.keep = keep
        self._epochs_done = 0

    def on_epoch_end(self, epoch, logs=None):
        """Writes a checkpoint when one is due."""
        self._epochs_done = epoch + 1
        if self._epochs_done % self.every == 0:
            self._write()

    def on_train_end(self, logs=None):
        """Writes a checkpoint of the last epoch, unless it has one."""
        if self._epochs_done and not self._path(self._epochs_done).exists():
            self._write()

    def _path(self, epochs_done):
        return self.folder / f"epoch-{epochs_done:04d}.keras"

    @property
    def newest(self):
        """The path of the newest checkpoint, or None."""
        return latest_checkpoint(self.folder)[0]

    def _write(self):
        check_finite_weights(self.model)
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / "writing.keras"
        self.model.save(aside)
        os.replace(aside, self._path(self._epochs_done))
        for _, path in _checkpoints(self.folder)[: -self.keep]:
            path.unlink()


def _checkpoints(folder):
    """(epochs done, path) of every checkpoint in `folder`, oldest first."""
    matches = ((_NAME.fullmatch(path.name), path) for path in Path(folder).glob("epoch-*.keras"))
    return sorted((int(match[1]), path) for match, path in matches if match)


def latest_checkpoint(folder):
    """The newest checkpoint that `Checkpoint` left in `folder`.

    Returns:
        A tuple of its path and the number of epochs it has done, or `(None, 0)` where there is none.
    """
    checkpoints = _checkpoints(folder)
    if not checkpoints:
        return None, 0
    epochs_done, path = checkpoints[-1]
    return path, epochs_done
