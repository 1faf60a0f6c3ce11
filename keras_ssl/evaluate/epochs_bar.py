import keras


class EpochsBar(keras.callbacks.Callback):
    """One progress bar over the epochs of a fit, which are many and short where there are few images."""

    def on_train_begin(self, logs=None):
        """Starts the bar."""
        averaged = ()
        self._bar = keras.utils.Progbar(self.params["epochs"], unit_name="epoch", stateless_metrics=averaged)

    def on_epoch_end(self, epoch, logs=None):
        """Shows the epoch's numbers."""
        self._bar.update(epoch + 1, (logs or {}).items())
