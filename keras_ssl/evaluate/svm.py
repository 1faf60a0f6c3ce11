from keras_ssl.evaluate.checks import check_split
from keras_ssl.evaluate.features import Features
from keras_ssl.evaluate.row_space import RowSpace
from keras_ssl.evaluate.score import Score, scored
from keras_ssl.evaluate.squared_hinge import SquaredHinge
from keras_ssl.evaluate.tuning import fit_tuned, tuning_in_words

GRID = (1e-4, 1e-2, 1.0)
# The time of libsvm grows with the square of the number of images: a fit to 5000 x 128 takes about a second.
FEW_IMAGES = 5000


def svm(train: Features | tuple, test: Features | tuple, C: float | None = None, seed: int = 0) -> Score:
    """Accuracy of a linear support vector machine on frozen features.

    Features are standardized by the training images' mean and deviation. With up to 5000 images the hinge loss
    separates each pair of classes (scikit-learn's `SVC`). This takes seconds where liblinear takes many minutes, on
    features of more dimensions than images. With more images the squared hinge loss separates each class from the
    rest (`LinearSVC`'s minimum, by a solver for many images). The choice depends only on the number of images, so all
    features of the same images are scored in the same way.

    Args:
        train: `Features`, or a tuple of features (n, features) and integer labels (n,).
        test: Like `train`; scored once.
        C: Positive float. Scikit-learn's inverse strength of the penalty, or None to choose it on a part of the
            training images. Defaults to `None`.
        seed: Integer. For the held-out part and the solver. Defaults to `0`.

    Returns:
        `Score`.

    Raises:
        ValueError: If features and labels do not fit together, or C is not positive.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> features = rng.normal(size=(40, 8)) + 3 * labels[:, None]
    >>> float(keras_ssl.evaluate.svm((features, labels), (features, labels))) > 0.9
    True
    """
    from sklearn.svm import SVC

    squared_hinge = SquaredHinge()

    def make(c):
        return SVC(C=c, kernel=_products) if few else squared_hinge.set_c(c)

    train, test = check_split(train, test)
    few = len(train.features) <= FEW_IMAGES
    loss = "one against one with hinge loss" if few else "one against the rest with squared hinge loss"
    coordinates = RowSpace(train.features)
    classifier, chosen = fit_tuned(make, Features(coordinates.rows, train.labels), C, GRID, seed)
    return scored(
        "SVM",
        classifier.predict(coordinates(test.features)),
        test.labels,
        f"Linear support vector machine, {loss}, on standardized training features; "
        f"{tuning_in_words(chosen, C is None, GRID)}; scored once on the test images.",
        settings={"C": chosen, "seed": seed},
    )


def _products(rows, columns):
    """Linear kernel by one matrix product; libsvm's own, with single products, takes five times as long."""
    return rows @ columns.T
