from typing import Any

import keras

from keras_ssl.callbacks.require_encoder import require_encoder
from keras_ssl.evaluate.estimate_batch_statistics import estimate_batch_statistics
from keras_ssl.evaluate.image_batches import ImageBatches


class BatchStatistics(keras.callbacks.Callback):
    """Sets the encoder's batch normalization statistics to those of whole images after each epoch.

    For `keras_ssl.Jigsaw`, and `MultiTask` with such a task. Their encoders are trained on standardized tiles, so the
    moving averages of batch normalization are those of tiles. After each epoch this callback replaces them by the
    statistics of `images` (`keras_ssl.evaluate.estimate_batch_statistics`). Training does not change, because it uses
    batch statistics. But a later `model.evaluate` measures the task with statistics that are not those of its tiles.
    Runs add this callback for the methods that need it.

    Place it before all callbacks that use or save the encoder.

    Args:
        images: A batched `tf.data.Dataset` or an array of some thousand training images, raw pixels in `[0, 255]`,
            with or without labels. Not the data set object of fit, whose order it would change.
        batch_size: Integer. Batch size for an array. Defaults to `256`.

    Raises:
        ValueError: If these are not batches of images; in fit, if the model has no encoder.

    Example:

    >>> x = np.random.randint(0, 256, (64, 32, 32, 3), "uint8")
    >>> model = keras_ssl.Jigsaw(keras_ssl.backbones.small_cnn((32, 32, 3)), grid=2, permutations=24)
    >>> model.compile(optimizer="adam")
    >>> statistics = keras_ssl.callbacks.BatchStatistics(x)
    >>> history = model.fit(x, batch_size=32, callbacks=[statistics], verbose=0)
    """

    def __init__(self, images: Any, batch_size: int = 256) -> None:
        super().__init__()
        ImageBatches(images, batch_size)  # Raises errors now, not after an epoch.
        self._images = images
        self._batch_size = batch_size

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Check that the model has an encoder."""
        self._encoder = require_encoder(self)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Estimate the statistics."""
        estimate_batch_statistics(self._encoder, self._images, self._batch_size)
