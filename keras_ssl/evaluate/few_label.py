from collections.abc import Sequence

import numpy as np

from keras_ssl.evaluate import threads
from keras_ssl.evaluate.checks import check_split
from keras_ssl.evaluate.features import Features
from keras_ssl.evaluate.row_space import row_basis
from keras_ssl.evaluate.score import Score, mean_score, scored

# With so few labels none can be held out to choose it. Any value from 0.1 to 10 gives the same to one percent.
C = 1.0


def few_label(
    train: Features | tuple,
    test: Features | tuple,
    labels_per_class: Sequence[int] = (1, 5, 10),
    repeats: int = 10,
    seed: int = 0,
) -> dict[int, Score]:
    """Accuracy of a linear classifier on frozen features, fitted to a handful of labels per class.

    A few training images of each class, drawn at random, keep their labels, and a logistic regression is fitted to
    them. This is repeated with new draws. The draws depend only on the labels and the seed, so encoders that are
    compared on one data set get the same draws. They are nested: the 5 labels of a repeat are among its 10.

    First, all features are centered and divided by one number, the square root of their mean variance over all
    training images, which needs no labels. To standardize each feature by itself would depend on the axes and amplify
    features that hardly vary, such as the pixels in the corners of digits. One number is fair to raw pixels too. The
    penalty is fixed (C=1), because there are no labels to spare for choosing it.

    `keras_ssl.transfer.few_label` fine-tunes the whole network on few labels instead.

    Args:
        train: `Features`, or a tuple of features (n, features) and integer labels (n,).
        test: Like `train`; every fitted classifier is scored on all of it.
        labels_per_class: Sequence of positive integers. Defaults to `(1, 5, 10)`.
        repeats: Positive integer. The number of draws. Defaults to `10`.
        seed: Integer. Seed of the draws. Defaults to `0`.

    Returns:
        dict from the number of labels per class to a `Score` with mean and standard deviation over the draws;
        `format_table` prints it.

    Raises:
        ValueError: If features and labels do not fit together, or a class has too few images.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> features = rng.normal(size=(40, 8)) + 3 * labels[:, None]
    >>> scores = few_label((features, labels), (features, labels), repeats=3)
    >>> list(scores)
    [1, 5, 10]
    """
    from sklearn.linear_model import LogisticRegression

    train, test = check_split(train, test)
    _check_counts(train.labels, labels_per_class, repeats)
    center = train.features.mean(axis=0, dtype="float64")
    # Features that are all the same have no scale; they score by chance, whatever they are divided by.
    scale = np.sqrt(train.features.var(axis=0, dtype="float64").mean()) or 1.0
    x, x_test = (((part.features - center) / scale).astype("float32") for part in (train, test))

    def score(rows):
        basis = row_basis(x[rows])
        few, queries = (x[rows], x_test) if basis is None else (x[rows] @ basis, x_test @ basis)
        with threads.limit_threads(few):
            classifier = LogisticRegression(C=C, max_iter=1000).fit(few, train.labels[rows])
        return scored("", classifier.predict(queries), test.labels, "", {})

    draws = [shuffled_classes(train.labels, [seed, repeat]) for repeat in range(repeats)]
    return {
        int(count): mean_score(
            [score(np.concatenate([rows[:count] for rows in draw])) for draw in draws],
            f"{count} label{'s' * (count > 1)} per class",
            f"Logistic regression (C={C:g}) on {count} random training image{'s' * (count > 1)} per class, features "
            f"scaled by all training images; mean and deviation over {repeats} draws, each scored on the whole test "
            "part.",
            {"labels_per_class": int(count), "repeats": repeats, "C": C, "seed": seed},
        )
        for count in labels_per_class
    }


def shuffled_classes(labels: np.ndarray, seed: int | Sequence[int]) -> list[np.ndarray]:
    """Lists the rows of each class, in an order that depends only on the labels and the seed.

    The first rows of each class are a draw of labels; a larger draw contains a smaller one.
    """
    rng = np.random.default_rng(seed)
    return [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]


def _check_counts(labels, labels_per_class, repeats):
    classes, counts = np.unique(labels, return_counts=True)
    if not labels_per_class or min(labels_per_class) < 1 or repeats < 1:
        raise ValueError(
            "labels_per_class and repeats must be positive integers. "
            f"Received: labels_per_class={labels_per_class}, repeats={repeats}"
        )
    if counts.min() < max(labels_per_class):
        raise ValueError(
            "Every class needs at least as many training images as the largest of labels_per_class. "
            f"Received: labels_per_class={labels_per_class}, and {counts.min()} images of class "
            f"{classes[counts.argmin()]}"
        )
