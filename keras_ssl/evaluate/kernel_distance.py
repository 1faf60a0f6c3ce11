from typing import NamedTuple

import numpy as np

from keras_ssl.evaluate import threads
from keras_ssl.evaluate.compared_features import compared_features


class KernelDistance(NamedTuple):
    """A distance as mean and deviation over subsets of the images.

    Args:
        distance: float, the mean; around 0, and as often below, for images of the same distribution.
        deviation: float, the standard deviation over the subsets.
    """

    distance: float
    deviation: float


def kernel_distance(encoder, real, fake, subsets=50, subset_size=1000, batch_size=256, seed=0):
    """How far apart real and generated images are in an encoder's features, by the mean of a kernel.

    The squared maximum mean discrepancy of Bińkowski et al. 2018, "Demystifying MMD GANs"
    (https://arxiv.org/abs/1801.01401), section 4, estimated without bias from m images of each set:

        MMD² = (Σ_{i≠j} k(xᵢ, xⱼ) + Σ_{i≠j} k(yᵢ, yⱼ)) / (m (m - 1)) - 2 Σ_{i,j} k(xᵢ, yⱼ) / m²,
        k(x, y) = (x·y / d + 1)³ with d features

    and averaged over random subsets. The paper's KID takes Inception features; a distance in other features compares
    only with those of the same encoder, but, unlike `frechet_distance`, from any number of images.

    Args:
        encoder: as for `extract_features`; not one that learned from these fakes, such as a GAN's own discriminator.
        real: images, as for `extract_features`, or its result, `Features`, to compute them once.
        fake: generated images, likewise.
        subsets: positive int. Defaults to 50, as in the authors' code
            (https://github.com/mbinkowski/MMD-GAN/blob/master/gan/compute_scores.py).
        subset_size: int m >= 2, at most the number of images in either set; of fewer images all are taken. Defaults
            to 1000, as there.
        batch_size: int, for arrays only. Defaults to 256.
        seed: int, of the subsets. Defaults to 0.

    Returns:
        `KernelDistance`: the mean over the subsets and its deviation.

    Raises:
        ValueError: for subsets that are none, when a set has less than two images, when features are not finite, or
            as for `extract_features`.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1), filters=(4, 8))
    >>> real, fake = np.random.uniform(0, 255, (2, 64, 8, 8, 1))
    >>> distance, deviation = keras_ssl.evaluate.kernel_distance(encoder, real, fake, subset_size=32)
    """
    if subsets < 1 or subset_size < 2:
        raise ValueError(
            "There must be one subset or more, of two images or more. "
            f"Received: subsets={subsets}, subset_size={subset_size}"
        )
    real, fake = compared_features(encoder, real, fake, batch_size)
    size = min(subset_size, len(real), len(fake))
    rng = np.random.default_rng(seed)
    with threads.limited_for(real):
        distances = [
            _squared_mmd(
                real[rng.choice(len(real), size, replace=False)], fake[rng.choice(len(fake), size, replace=False)]
            )
            for _ in range(subsets)
        ]
    return KernelDistance(float(np.mean(distances)), float(np.std(distances)))


def _squared_mmd(x, y):
    size = len(x)
    within = sum(kernel.sum() - np.trace(kernel) for kernel in (_kernel(x, x), _kernel(y, y)))
    return within / (size * (size - 1)) - 2 * _kernel(x, y).mean()


def _kernel(x, y):
    return (x @ y.T / x.shape[1] + 1) ** 3
