import keras

from keras_ssl.callbacks.encoder_of import encoder_of
from keras_ssl.evaluate.batch_statistics import estimate_batch_statistics
from keras_ssl.evaluate.image_batches import ImageBatches


class BatchStatistics(keras.callbacks.Callback):
    """Keeps the encoder's batch normalization fit for whole images, while a method trains it on parts of them.

    For `keras_ssl.Jigsaw`, and `MultiTask` with such a task: their encoders see standardized tiles, and what batch
    normalization remembers for inference are moving averages over those. After each epoch this callback puts the
    statistics of `images` in their place (`keras_ssl.evaluate.estimate_batch_statistics`). Training goes by its
    batches, so it is not disturbed; but the task itself, in `evaluate` after the training, meets statistics that are
    no longer its tiles'. Runs have this callback where the method asks for it.

    Place it before all callbacks that use or save the encoder.

    Args:
        images: some thousand training images, a batched `tf.data.Dataset` or an array, raw pixels in [0, 255], with
            or without labels; not the data set that fit trains on, so that its order is left alone.
        batch_size: int, for an array only. Defaults to 256.

    Raises:
        ValueError: when these are not batches of images; in fit, when the model has no encoder.

    Example:

    >>> x = np.random.randint(0, 256, (64, 32, 32, 3), "uint8")
    >>> model = keras_ssl.Jigsaw(keras_ssl.backbones.small_cnn((32, 32, 3)), grid=2, permutations=24)
    >>> model.compile(optimizer="adam")
    >>> statistics = keras_ssl.callbacks.BatchStatistics(x)
    >>> history = model.fit(x, batch_size=32, callbacks=[statistics], verbose=0)
    """

    def __init__(self, images, batch_size=256):
        super().__init__()
        ImageBatches(images, batch_size)  # says now what is wrong with them, not after an epoch
        self._images = images
        self._batch_size = batch_size

    def on_train_begin(self, logs=None):
        """Looks whether there is an encoder."""
        self._encoder = encoder_of(self)

    def on_epoch_end(self, epoch, logs=None):
        """Estimates the statistics."""
        estimate_batch_statistics(self._encoder, self._images, self._batch_size)
