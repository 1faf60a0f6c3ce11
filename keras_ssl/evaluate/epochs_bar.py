import keras

from keras_ssl.progress import Stage


class EpochsBar(keras.callbacks.Callback):
    """One progress bar over the epochs of a fit, which are many and short where there are few images."""

    def on_train_begin(self, logs=None):
        """Starts the bar."""
        self._stage = Stage("training with labels", self.params["epochs"], unit="epochs")
        self._stage.__enter__()

    def on_epoch_end(self, epoch, logs=None):
        """Moves it on."""
        self._stage.advance(1)

    def on_train_end(self, logs=None):
        """Ends it."""
        self._stage.__exit__(None, None, None)
