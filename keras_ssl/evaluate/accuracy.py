from typing import Any

import keras

from keras_ssl.evaluate.checks import check_labelled
from keras_ssl.evaluate.features import extract_features
from keras_ssl.evaluate.score import Score, scored


def accuracy(classifier: keras.Model, test: Any, batch_size: int = 256, verbose: int = 0) -> Score:
    """Accuracy of a classifier: how often its most probable class is the label.

    Args:
        classifier: A `keras.Model` from images (batch, height, width, channels), raw pixels in [0, 255], to
            probabilities or logits (batch, classes): what `fine_tuned_classifier` and `distill` return, or your own.
        test: Labelled images: a batched `tf.data.Dataset` of `(images, labels)`, or a tuple of arrays; scored
            once.
        batch_size: Integer. For arrays only. Defaults to `256`.
        verbose: 0 for silence or 1 for a progress bar. Defaults to `0`.

    Returns:
        `Score`.

    Raises:
        ValueError: If the images have no labels, labels that the classifier does not know, or another shape than the
            classifier's.

    Example:

    >>> images, labels = np.random.uniform(0, 255, (40, 8, 8, 1)), np.arange(40) % 2
    >>> classifier = keras.Sequential(
    ...     [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    ... )
    >>> 0 <= keras_ssl.evaluate.accuracy(classifier, (images, labels)).accuracy <= 1
    True
    """
    outputs, labels = check_labelled(extract_features(classifier, test, batch_size, verbose), "test")
    if labels.max() >= outputs.shape[1]:
        raise ValueError(
            f"The classifier tells {outputs.shape[1]} classes apart, numbered from 0: give test images of these. "
            f"Received: outputs of shape {outputs.shape} and test labels up to {labels.max()}"
        )
    return scored(
        "accuracy",
        outputs.argmax(axis=1),
        labels,
        "The share of test images whose most probable class is their label.",
        settings={},
    )
