import keras

from keras_ssl.runs.run import write_aside


class EncoderFile(keras.callbacks.Callback):
    """Keeps the encoder as it is after each epoch in a file of its own, for all that builds on it.

    Args:
        path: the `.keras` file, a `pathlib.Path`.
    """

    def __init__(self, path):
        super().__init__()
        self._path = path

    def on_epoch_end(self, epoch, logs=None):
        """Writes the encoder."""
        write_aside(self._path, self.model.encoder.save)
