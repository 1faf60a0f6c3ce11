import os
from typing import Any

import keras
import numpy as np

from keras_ssl.evaluate.checks import check_finite
from keras_ssl.evaluate.features import Features, extract_features


def real_and_fake_features(
    encoder: keras.Model | str | os.PathLike[str], real: Any, fake: Any, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Computes the features of real and of generated images, as two float64 matrices.

    Raises:
        ValueError: If a set has less than two images, or features are not finite or differ in number.
    """
    sets = {name: _features(encoder, images, batch_size) for name, images in (("real", real), ("fake", fake))}
    for name, features in sets.items():
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(
                "Each set needs at least two images, and many more for a good estimate. "
                f"Received: {name} with features of shape {features.shape}"
            )
        check_finite(features, name)
    if sets["real"].shape[1] != sets["fake"].shape[1]:
        raise ValueError(
            "Both sets must have features of the same encoder. "
            f"Received: {sets['real'].shape[1]} features per real image and {sets['fake'].shape[1]} per fake one"
        )
    return sets["real"], sets["fake"]


def _features(encoder, images, batch_size):
    if not isinstance(images, Features):
        images = extract_features(encoder, images, batch_size, verbose=0)
    return np.asarray(images.features, np.float64)
