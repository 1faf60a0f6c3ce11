"""Checks of features and labels before a classifier is fitted to them."""

from typing import Any

import numpy as np

from keras_ssl.evaluate.features import Features


def check_labelled(data: Any, name: str) -> Features:
    """Returns `data` as `Features`: a float32 matrix and integer labels.

    Args:
        data: `Features`, or a tuple `(features, labels)`.
        name: String. The argument's name for the messages.

    Returns:
        `Features`.

    Raises:
        ValueError: If labels are missing or are no class numbers, if lengths differ, if features are not finite, or
            if there are none.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise ValueError(
            f"{name} must be Features, as extract_features returns, or a tuple (features, labels). "
            f"Received: {name}={type(data).__name__}"
        )
    features = np.asarray(data[0], np.float32)
    if data[1] is None:
        raise ValueError(
            f"A score needs the labels of the {name} images: extract features from a data set of (images, labels), "
            f"such as keras_ssl.data.load(…, labels=True). Received: {name}.labels=None"
        )
    labels = np.asarray(data[1])
    if labels.ndim == 2 and labels.shape[1] == 1:  # as keras.datasets has them
        labels = labels[:, 0]
    if features.ndim != 2 or not features.size:
        raise ValueError(
            f"{name} features must be a matrix (images, features) that is not empty. "
            f"Received: {name}.features of shape {features.shape}"
        )
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{name} labels must be class numbers, integers of shape (images,); take argmax(axis=-1) of one-hot "
            f"labels. Received: {name}.labels of shape {labels.shape} and dtype {labels.dtype}"
        )
    if len(features) != len(labels):
        raise ValueError(
            f"There must be one label per row of features. Received: {name} with {len(features)} rows of features "
            f"and {len(labels)} labels"
        )
    if labels.min() < 0:
        raise ValueError(
            "Class numbers start at 0; leave out unlabelled images, which many data sets mark by -1. "
            f"Received: {name}.labels with {int((labels < 0).sum())} negative ones"
        )
    check_finite(features, name)
    return Features(features, labels.astype(np.int64))


def check_finite(features: np.ndarray, name: str) -> None:
    """Raises a ValueError with the first bad row if a matrix of features holds NaN or infinity."""
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if bad.size:
        raise ValueError(
            "Features must be finite numbers: the encoder diverged, or its images hold NaN. "
            f"Received: {name}.features with NaN or infinity in {bad.size} of {len(features)} rows, first in row "
            f"{bad[0]}"
        )


def check_split(train: Any, test: Any) -> tuple[Features, Features]:
    """Returns the training and the test part as `Features`, after checking that they fit together.

    Raises:
        ValueError: As for `check_labelled`, and if the parts differ in the number of features, the training part has
            only one class, or a class of the test part is not in the training part.
    """
    train, test = check_labelled(train, "train"), check_labelled(test, "test")
    if train.features.shape[1] != test.features.shape[1]:
        raise ValueError(
            "Training and test features must come from the same encoder. "
            f"Received: {train.features.shape[1]} features per training image and {test.features.shape[1]} per test "
            "image"
        )
    check_classes(train)
    unseen = np.setdiff1d(test.labels, train.labels)
    if unseen.size:
        raise ValueError(
            "Every class in the test part must be in the training part. "
            f"Received: test classes {unseen.tolist()} that are not among the training classes "
            f"{np.unique(train.labels).tolist()}"
        )
    return train, test


def check_classes(train: Features) -> None:
    """Raises a ValueError unless there are at least two classes."""
    if train.labels.min() == train.labels.max():
        raise ValueError(
            "There must be at least two classes. Perhaps these are the first images of a sorted data set, or the "
            "folder of images has only one subfolder. "
            f"Received: train.labels with the class {train.labels[0]} alone"
        )


def check_numbered(train: Features) -> None:
    """Raises a ValueError unless the classes are 0, 1, … without gaps, like the outputs of a classifier."""
    check_classes(train)
    missing = np.setdiff1d(np.arange(train.labels.max() + 1), train.labels)
    if missing.size:
        raise ValueError(
            "The outputs of the classifier are numbered like the classes, so every class from 0 to the last needs an "
            "image: renumber the labels with np.unique(labels, return_inverse=True)[1]. "
            f"Received: no image of {missing.tolist()}"
        )
