import os
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_ssl.evaluate import threads
from keras_ssl.evaluate.real_and_fake_features import real_and_fake_features


class KernelDistance(NamedTuple):
    """Kernel distance as mean and standard deviation over subsets of the images.

    Args:
        distance: Float. The mean. For images of the same distribution it is around 0, and often negative.
        deviation: Float. The standard deviation over the subsets.
    """

    distance: float
    deviation: float


def kernel_distance(
    encoder: keras.Model | str | os.PathLike[str],
    real: Any,
    fake: Any,
    subsets: int = 50,
    subset_size: int = 1000,
    batch_size: int = 256,
    seed: int = 0,
) -> KernelDistance:
    """Kernel distance of real and generated images, in the features of an encoder.

    The squared maximum mean discrepancy of Bińkowski et al. 2018, "Demystifying MMD GANs"
    (https://arxiv.org/abs/1801.01401), section 4, estimated without bias from m images of each set:

        MMD² = (Σ_{i≠j} k(xᵢ, xⱼ) + Σ_{i≠j} k(yᵢ, yⱼ)) / (m (m - 1)) - 2 Σ_{i,j} k(xᵢ, yⱼ) / m²,
        k(x, y) = (x·y / d + 1)³ with d features

    and averaged over random subsets. The paper's KID uses Inception features. A distance in other features can be
    compared only with those of the same encoder, but, unlike `frechet_distance`, for any number of images.

    Args:
        encoder: As for `extract_features`; not one that learned from these fakes, such as a GAN's own discriminator.
        real: Images, as for `extract_features`, or its result, `Features`, to compute them once.
        fake: Generated images, likewise.
        subsets: Positive integer. The number of subsets. Defaults to `50`, as in the authors' code
            (https://github.com/mbinkowski/MMD-GAN/blob/master/gan/compute_scores.py).
        subset_size: Integer m >= 2. Images of each set in a subset, or all of the smaller set if it has fewer.
            Defaults to `1000`, as there.
        batch_size: Integer. For arrays only. Defaults to `256`.
        seed: Integer. Seed of the subsets. Defaults to `0`.

    Returns:
        `KernelDistance`: the mean over the subsets and its deviation.

    Raises:
        ValueError: If `subsets` or `subset_size` is too small, a set has less than two images, features are not
            finite, or as for `extract_features`.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1), filters=(4, 8))
    >>> real, fake = np.random.uniform(0, 255, (2, 64, 8, 8, 1))
    >>> distance, deviation = keras_ssl.evaluate.kernel_distance(encoder, real, fake, subset_size=32)
    """
    if subsets < 1 or subset_size < 2:
        raise ValueError(
            "subsets must be at least 1 and subset_size at least 2. "
            f"Received: subsets={subsets}, subset_size={subset_size}"
        )
    real, fake = real_and_fake_features(encoder, real, fake, batch_size)
    size = min(subset_size, len(real), len(fake))
    rng = np.random.default_rng(seed)
    with threads.limit_threads(real):
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
