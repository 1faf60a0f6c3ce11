import keras

from keras_ssl.data import set_epoch


class EpochOrder(keras.callbacks.Callback):
    """Tells the training data which epoch begins, so that its order is a function of (seed, epoch).

    Args:
        dataset: what fit trains on. Only data sets of `keras_ssl.data` listen.
    """

    def __init__(self, dataset):
        super().__init__()
        self._dataset = dataset

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the epoch before Keras starts to iterate."""
        set_epoch(self._dataset, epoch)
