from keras_ssl.evaluate.checks import check_split
from keras_ssl.evaluate.score import Score
from keras_ssl.evaluate.tuning import fit_tuned, tuning_in_words

GRID = (1e-4, 1e-2, 1.0)


def svm(train, test, C=None, seed=0):
    """Accuracy of a linear support vector machine on frozen features.

    One against the rest with the squared hinge loss and an L2 penalty (scikit-learn's `LinearSVC`), on features
    standardised by the training images' mean and deviation.

    Args:
        train: `Features`, or a tuple of features (n, features) and integer labels (n,).
        test: likewise; scored once.
        C: positive float, scikit-learn's inverse strength of the penalty, or None to choose it on a part of the
            training images. Defaults to None.
        seed: int, for the held-out part and the solver. Defaults to 0.

    Returns:
        `Score`.

    Raises:
        ValueError: when features and labels do not fit together, or C is not positive.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> features = rng.normal(size=(40, 8)) + 3 * labels[:, None]
    >>> float(keras_ssl.evaluate.svm((features, labels), (features, labels))) > 0.9
    True
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    def make(c):
        return make_pipeline(StandardScaler(), LinearSVC(C=c, max_iter=10_000, random_state=seed))

    train, test = check_split(train, test)
    classifier, chosen = fit_tuned(make, train, C, GRID, seed)
    return Score(
        "SVM",
        float(classifier.score(test.features, test.labels)),
        "Linear support vector machine, one against the rest with squared hinge loss, on standardised training "
        f"features; {tuning_in_words(chosen, C is None, GRID)}; scored once on the test images.",
        settings={"C": chosen, "seed": seed},
    )
