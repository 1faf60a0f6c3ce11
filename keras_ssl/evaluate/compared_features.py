import numpy as np

from keras_ssl.evaluate.checks import check_finite
from keras_ssl.evaluate.features import Features, extract_features


def compared_features(encoder, real, fake, batch_size):
    """The features of two sets of images whose distributions are compared, as two float64 matrices.

    Raises:
        ValueError: when a set has less than two images, when features are not finite, or differ in number.
    """
    sets = {name: _features(encoder, images, batch_size) for name, images in (("real", real), ("fake", fake))}
    for name, features in sets.items():
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(
                "A distribution needs two images or more, and far more to be estimated well. "
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
