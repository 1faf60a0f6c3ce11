from pathlib import Path

import keras

from keras_ssl.checks.finite import check_finite_weights
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.files.checksum import add_checksum


class EncoderFile(keras.callbacks.Callback):
    """Callback that saves the encoder in a file of its own during training.

    Args:
        path: `pathlib.Path` of the `.keras` file.
        every: Integer. Number of epochs between two saves. The last epoch is always saved. Defaults to `1`.
    """

    def __init__(self, path: Path, every: int = 1) -> None:
        super().__init__()
        self._path = path
        self._every = every

    def on_epoch_end(self, epoch, logs=None):
        """Saves the encoder if it is due. Raises a ValueError if its weights are not finite."""
        if (epoch + 1) % self._every == 0 or epoch + 1 == self.params["epochs"]:
            check_finite_weights(self.model.encoder)
            atomic_write(self._path, self._write)

    def _write(self, temporary):
        self.model.encoder.save(temporary)
        add_checksum(temporary)
