import keras

from keras_ssl.checks.finite import check_finite_weights
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.files.checksum import add_checksum


class EncoderFile(keras.callbacks.Callback):
    """Saves the encoder in a file of its own during training.

    Args:
        path: the `.keras` file, a `pathlib.Path`.
        every: int, epochs between writings; the last epoch's is always written.
    """

    def __init__(self, path, every=1):
        super().__init__()
        self._path = path
        self._every = every

    def on_epoch_end(self, epoch, logs=None):
        """Writes the encoder when it is due."""
        if (epoch + 1) % self._every == 0 or epoch + 1 == self.params["epochs"]:
            check_finite_weights(self.model.encoder)
            atomic_write(self._path, self._write)

    def _write(self, temporary):
        self.model.encoder.save(temporary)
        add_checksum(temporary)
