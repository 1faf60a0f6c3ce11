import os
import warnings
from typing import Any

import keras
import numpy as np

from keras_ssl.evaluate import threads
from keras_ssl.evaluate.real_and_fake_features import real_and_fake_features


def frechet_distance(
    encoder: keras.Model | str | os.PathLike[str], real: Any, fake: Any, batch_size: int = 256
) -> float:
    """Fréchet distance of real and generated images, in the features of an encoder.

    Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium"
    (https://arxiv.org/abs/1706.08500), equation 6. Both sets of features are taken as normally distributed, with
    means m and covariances C:

        d² = ‖m - m'‖² + Tr(C + C' - 2 (C C')^½)

    The paper's FID uses the features of an Inception network that was trained on ImageNet. A distance in other
    features, as here, cannot be compared with those in the literature, only with those of the same encoder and number
    of images. With few images it is too large (Bińkowski et al. 2018, section 4), unlike `kernel_distance`.

    Args:
        encoder: As for `extract_features`; not one that learned from these fakes, such as a GAN's own discriminator.
        real: Images, as for `extract_features`, or its result, `Features`, to compute them once.
        fake: Generated images, likewise.
        batch_size: Integer. For arrays only. Defaults to `256`.

    Returns:
        float >= 0, d²; 0 for the same images.

    Raises:
        ValueError: If a set has less than two images, if features are not finite, or as for `extract_features`.

    Warns:
        UserWarning: If there are not more images than features: then their covariance cannot be estimated.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1), filters=(4, 8))
    >>> real, fake = np.random.uniform(0, 255, (2, 64, 8, 8, 1))
    >>> keras_ssl.evaluate.frechet_distance(encoder, real, real) < 1e-6
    True
    """
    real, fake = real_and_fake_features(encoder, real, fake, batch_size)
    if min(len(real), len(fake)) <= real.shape[1]:
        warnings.warn(
            "Without more images than features the covariances are singular and the Fréchet distance is far too "
            "large: take more images, or use kernel_distance. "
            f"Received: {len(real)} real and {len(fake)} fake images with {real.shape[1]} features",
            stacklevel=2,
        )
    with threads.limit_threads(real):
        real_root, fake_root = _root_covariance(real), _root_covariance(fake)
        # Tr (C C')^½ is the sum of the singular values of C^½ C'^½. Unlike scipy.linalg.sqrtm of C C', this needs
        # neither C C' to be regular nor an imaginary part to be dropped.
        overlap = np.linalg.svd(real_root @ fake_root, compute_uv=False).sum()
    traces = np.square(real_root).sum() + np.square(fake_root).sum()
    means = np.square(real.mean(axis=0) - fake.mean(axis=0)).sum()
    return float(max(means + traces - 2 * overlap, 0.0))


def _root_covariance(features):
    """The symmetric square root of the covariance."""
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(features, rowvar=False)))
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
