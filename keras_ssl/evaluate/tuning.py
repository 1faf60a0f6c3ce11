from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_ssl.evaluate import threads
from keras_ssl.evaluate.features import Features

HELD_OUT_SHARE = 0.2


def held_out_rows(labels: np.ndarray, seed: int, share: float = HELD_OUT_SHARE) -> np.ndarray:
    """Chooses the same share of every class at random, at least one image and never all of them.

    Args:
        labels: Integer array (n,).
        seed: Integer. Seed of the choice.
        share: Float in (0, 1). Defaults to `0.2`.

    Returns:
        Boolean array (n,), True for the held-out rows; none of a class with only one image.
    """
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        chosen[rows[: min(max(1, round(share * len(rows))), len(rows) - 1)]] = True
    return chosen


def fit_tuned(
    make: Callable[[float], Any], train: Features, strength: float | None, grid: Sequence[float], seed: int
) -> tuple[Any, float]:
    """Fits a scikit-learn classifier on `train`, with a given C or one chosen on held-out rows of `train`.

    Args:
        make: Function from C to a classifier to fit. It may return the same one again and again, to start from its
            last solution.
        train: `Features`.
        strength: Float. C, or None to choose it from `grid`.
        grid: Increasing sequence of floats. Of equally good values the first is taken, the strongest regularization.
        seed: Integer. For the held-out part.

    Returns:
        Tuple of the classifier, fitted on all of `train`, and C.

    Raises:
        ValueError: If C is not positive, or no class has images to hold out.
    """
    with threads.limit_threads(train.features):
        if strength is None:
            strength = _chosen(make, train, grid, held_out_rows(train.labels, seed))
        if not strength > 0:
            raise ValueError(f"C must be positive. Received: C={strength}")
        return make(strength).fit(train.features, train.labels), float(strength)


def _chosen(make, train, grid, held_out):
    """The value of the grid that classifies the held-out rows best, after fitting to the others."""
    if not held_out.any():
        raise ValueError(
            "To choose C, a part of the training images is held out, so a class must have at least two images: give "
            "more images, or a value such as C=1.0. Received: one training image per class"
        )
    fitting, scoring = (Features(train.features[rows], train.labels[rows]) for rows in (~held_out, held_out))
    accuracies = [make(c).fit(*fitting).score(*scoring) for c in grid]
    return grid[int(np.argmax(accuracies))]


def tuning_in_words(strength: float, chosen: bool, grid: Sequence[float]) -> str:
    """Describes how C was chosen, for a protocol."""
    if not chosen:
        return f"C={strength:g} was given"
    return (
        f"C={strength:g} chosen from {', '.join(f'{c:g}' for c in grid)} on a fifth of the training images, held out "
        "by class, then fitted again on all of them"
    )
