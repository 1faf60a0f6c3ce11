from typing import Any

import numpy as np

from keras_ssl.evaluate.checks import check_finite
from keras_ssl.evaluate.features import Features

# The paper's for float32. It also keeps the logarithm of a singular value of 0 finite.
EPSILON = 1e-7


def rankme(features: Any) -> float:
    """Effective rank of features, a measure of their quality without labels.

    Garrido et al. 2022, "RankMe: Assessing the Downstream Performance of Pretrained Self-Supervised Representations
    by Their Rank" (https://arxiv.org/abs/2210.02885, equation 1). With σ the singular values of the matrix of
    features (n images, d dimensions), which is not centered:

        RankMe = exp( -Σ_{k=1}^{min(n, d)} p_k log p_k ),    p_k = σ_k / Σ_j σ_j + 1e-7

    Compare models of one method and data set that differ in their settings, on the same images: a higher rank usually
    means better features. The rank cannot exceed the number of images. The paper uses 25 600; some thousand are
    enough for features of a few hundred dimensions.

    Args:
        features: Float array (n, d), or `Features` as `extract_features` returns.

    Returns:
        Float in [1, min(n, d)], up to rounding: 1 where all features are multiples of one, as after a collapse, and
        min(n, d) where they spread evenly over all dimensions. 0 where all features are 0.

    Raises:
        ValueError: If `features` is not a matrix of finite numbers, or is empty.

    Example:

    >>> collapsed, spread = np.ones((8, 4)), np.eye(4)
    >>> [round(keras_ssl.evaluate.rankme(features), 2) for features in (collapsed, spread)]
    [1.0, 4.0]
    """
    matrix = np.asarray(features.features if isinstance(features, Features) else features, np.float64)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(
            "features must be a matrix (images, dimensions) that is not empty. "
            f"Received: features of shape {matrix.shape}"
        )
    check_finite(matrix, "rankme")
    singular_values = np.linalg.svd(matrix, compute_uv=False)
    if not singular_values.any():
        return 0.0
    shares = singular_values / singular_values.sum() + EPSILON
    return float(np.exp(-np.sum(shares * np.log(shares))))
