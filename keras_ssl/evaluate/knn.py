import numpy as np

from keras_ssl.evaluate.checks import check_split
from keras_ssl.evaluate.features import Features
from keras_ssl.evaluate.nearest import nearest
from keras_ssl.evaluate.score import Score, scored


def knn(train: Features | tuple, test: Features | tuple, k: int = 20, temperature: float = 0.1) -> Score:
    """Weighted k-nearest-neighbor accuracy, which needs no fitting.

    The neighbors of a test image i are the k training images N(i) with the greatest cosine similarity s. Class c
    gets the votes (Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
    section 3.4)

        w_c = Σ_{j in N(i), label j = c} exp(s(i, j) / τ)

    and the class with the most wins. Of equally similar images the first in the training set is nearer; of classes
    with equal votes the one with the lowest number wins. Features are compared as they are, not standardized.

    Args:
        train: `Features`, or a tuple of features (n, features) and integer labels (n,).
        test: Like `train`; scored once.
        k: Integer in [1, n]. Defaults to `20`, the best on ImageNet in Caron et al. 2021 (DINO); Wu et al. use 200.
        temperature: Positive float τ. Defaults to `0.1`; Wu et al. use 0.07.

    Returns:
        `Score`.

    Raises:
        ValueError: If features and labels do not fit together, or `k` or `temperature` is out of its range. `k` is
            never clipped: another k would be another protocol.

    Example:

    >>> train = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], [0, 0, 1]
    >>> test = [[1.0, 0.2], [0.1, 1.0]], [0, 1]
    >>> keras_ssl.evaluate.knn(train, test, k=2).accuracy
    1.0
    """
    train, test = check_split(train, test)
    return scored(
        "kNN",
        predict(train, test.features, k, temperature),
        test.labels,
        f"Cosine, the {k} nearest training images, votes weighted by exp(similarity / {temperature:g}); nothing is "
        "fitted or tuned.",
        settings={"k": k, "temperature": temperature},
    )


def predict(train: Features, queries: np.ndarray, k: int, temperature: float) -> np.ndarray:
    """Predicts the classes (n,) of queries (n, features) by the votes of their neighbors in `train`."""
    if not temperature > 0:
        raise ValueError(f"temperature must be positive. Received: temperature={temperature}")
    similarities, rows = nearest(queries, train.features, k)
    # Relative to the nearest, whose weight is then 1: the ratios stay, and no temperature overflows.
    weights = np.exp((similarities - similarities[:, :1]) / np.float64(temperature))
    classes, numbers = np.unique(train.labels, return_inverse=True)
    cells = np.arange(len(queries))[:, None] * len(classes) + numbers[rows]
    votes = np.bincount(cells.ravel(), weights.ravel(), minlength=len(queries) * len(classes))
    return classes[votes.reshape(-1, len(classes)).argmax(axis=1)]
