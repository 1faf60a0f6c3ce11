import os
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_ssl.checks.images import refuse_beyond_255
from keras_ssl.evaluate.embedding_function import EmbeddingFunction
from keras_ssl.evaluate.image_batches import ImageBatches
from keras_ssl.progress import Stage


class Features(NamedTuple):
    """Features of images and, where there are any, the images' labels.

    Args:
        features: Float32 array (n, features).
        labels: Integer array (n,), or None.
    """

    features: np.ndarray
    labels: np.ndarray | None = None


def extract_features(
    encoder: keras.Model | str | os.PathLike[str],
    dataset: Any,
    batch_size: int = 256,
    verbose: int = 1,
    name: str = "features",
) -> Features:
    """Computes an encoder's features of images: the input of the scores in `keras_ssl.evaluate`.

    The encoder runs in inference mode. Images and labels are read together, in one pass, so their order does not
    matter. But a shuffled training data set may leave out the last images, if they do not fill a batch: extract
    features from one made with `labels=True` (or `shuffle=False`).

    Args:
        encoder: A `keras.Model` from images to features (batch, features), the path of a `.keras` file, or an
            exported SavedModel: the folder that `keras_ssl.export.saved_model` wrote (its newest version) or a
            version folder in it.
        dataset: A batched `tf.data.Dataset` of `images`, of `(images, labels)` or of dicts with the keys "image" and
            perhaps "label", an array of images (n, height, width, channels), or a tuple `(images, labels)`. Raw
            pixels in [0, 255].
        batch_size: Integer. For arrays only; a data set has its own. Defaults to `256`.
        verbose: 0 for silence or 1 for a progress bar, or a line where the output is no terminal. Defaults to `1`.
        name: String. What the bar is called. Defaults to `"features"`.

    Returns:
        `Features`: a float32 array (n, features) and the labels (n,), None for unlabelled images.

    Raises:
        ValueError: If there are no images, if they have another shape than the encoder's or pixels above 255, or
            if there is no encoder at that path.
        TypeError: If `encoder` is neither a model nor a path.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1))
    >>> train = keras_ssl.data.load("digits", split="train", labels=True)
    >>> features, labels = keras_ssl.evaluate.extract_features(encoder, train, verbose=0)
    >>> features.shape, labels.shape
    ((1437, 256), (1437,))
    """
    batches = ImageBatches(dataset, batch_size)
    return collect(EmbeddingFunction(encoder, batches.image_shape), batches, verbose, name)


def collect(
    function: Callable[[Any], np.ndarray], batches: ImageBatches, verbose: int = 0, name: str = "features"
) -> Features:
    """Applies `function`, from images to an array (batch, features), to all batches; returns `Features`."""
    features, labels = [], []
    with Stage(name, batches.batch_count, verbose=verbose) as stage:
        for images, batch_labels in batches:
            if not features:
                _check_raw(np.asarray(images))
            features.append(function(images))
            labels.append(None if batch_labels is None else np.asarray(batch_labels))
            stage.advance(len(images))
    if not sum(map(len, features)):
        raise ValueError("There are no images to extract features from. Received: an empty data set")
    return Features(np.concatenate(features), np.concatenate(labels) if batches.labelled else None)


def _check_raw(images):
    refuse_beyond_255(images, "Features are those of")
    if images.size and np.issubdtype(images.dtype, np.floating) and 0 < images.max() <= 1:
        warnings.warn(
            "These pixels lie in [0, 1]. Encoders expect raw pixels in [0, 255] and normalize inside: multiply by "
            "255, unless yours was trained otherwise.",
            stacklevel=4,
        )
