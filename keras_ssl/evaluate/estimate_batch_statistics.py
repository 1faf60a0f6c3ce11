from typing import Any

import keras
import numpy as np

from keras_ssl.evaluate.features import collect
from keras_ssl.evaluate.image_batches import ImageBatches


def estimate_batch_statistics(encoder: keras.Model, images: Any, batch_size: int = 256, verbose: int = 0) -> None:
    """Sets an encoder's batch normalization statistics to those of given images.

    In inference, batch normalization uses moving averages of its training. They are wrong for an encoder that was
    trained on other inputs than whole images, such as the tiles of `keras_ssl.Jigsaw`, and for an untrained one. The
    estimate is the mean of the batch means, and the mean of the batch variances plus the variance of the batch means
    (Wu and Johnson 2021, "Rethinking 'Batch' in BatchNorm", section 3, https://arxiv.org/abs/2105.07576). No weight
    that is trained changes. Frozen layers keep what they have, and an encoder without batch normalization is left as
    it is.

    Args:
        encoder: A built `keras.Model`, changed in place.
        images: A data set or array like those of `extract_features`, in batches as large as in training; labels are
            ignored. Some thousand are enough.
        batch_size: Integer. For arrays only. Defaults to `256`.
        verbose: 0 for silence or 1 for a progress bar. Defaults to `0`.

    Raises:
        ValueError: If there are no images.

    Example:

    >>> images = np.random.uniform(0, 255, (64, 8, 8, 1))
    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1))
    >>> keras_ssl.evaluate.estimate_batch_statistics(encoder, images)
    """
    batches = ImageBatches(images, batch_size)
    layers = [layer for layer in encoder._flatten_layers() if hasattr(layer, "moving_variance") and layer.trainable]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    statistics = []

    def batch_statistics(images):
        encoder(keras.ops.cast(images, "float32"), training=True)
        statistics.append([(layer.moving_mean.numpy(), layer.moving_variance.numpy()) for layer in layers])
        return np.zeros((len(images), 1), np.float32)

    try:
        for layer in layers:
            layer.momentum = 0.0  # the moving statistics are then those of the last batch
        collect(batch_statistics, batches, verbose, "batch statistics")
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
    for layer, rows in zip(layers, zip(*statistics, strict=True), strict=True):
        means, variances = (np.stack(values).astype("float64") for values in zip(*rows, strict=True))
        layer.moving_mean.assign(means.mean(axis=0))
        layer.moving_variance.assign(variances.mean(axis=0) + means.var(axis=0))
