import keras
import numpy as np

from keras_ssl.evaluate.checks import check_labelled, check_numbered, check_split
from keras_ssl.evaluate.features import Features
from keras_ssl.evaluate.row_space import RowSpace
from keras_ssl.evaluate.score import Score, scored
from keras_ssl.evaluate.softmax_head import softmax_head
from keras_ssl.evaluate.tuning import fit_tuned, tuning_in_words

GRID = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


def linear_probe(train: Features | tuple, test: Features | tuple, C: float | None = None, seed: int = 0) -> Score:
    """Accuracy of a linear classifier on frozen features, the standard measure of features.

    Multinomial logistic regression with an L2 penalty (scikit-learn's, by L-BFGS to convergence) on features
    standardized by the training images' mean and deviation. The penalty is chosen on a part of the training images.

    Args:
        train: `Features`, or a tuple of features (n, features) and integer labels (n,).
        test: Like `train`; scored once.
        C: Positive float. Scikit-learn's inverse strength of the penalty (smaller means simpler), or None to choose
            it. Defaults to `None`.
        seed: Integer. For the held-out part. Defaults to `0`.

    Returns:
        `Score`.

    Raises:
        ValueError: If features and labels do not fit together, or C is not positive.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> features = rng.normal(size=(40, 8)) + 3 * labels[:, None]
    >>> float(keras_ssl.evaluate.linear_probe((features, labels), (features, labels))) > 0.9
    True
    """
    train, test = check_split(train, test)
    coordinates = RowSpace(train.features)
    classifier, chosen = _fit(coordinates.rows, train.labels, C, seed)
    return scored(
        "linear probe",
        classifier.predict(coordinates(test.features)),
        test.labels,
        f"Logistic regression on standardized training features; {tuning_in_words(chosen, C is None, GRID)}; scored "
        "once on the test images.",
        settings={"C": chosen, "seed": seed},
    )


def linear_classifier(train: Features | tuple, C: float | None = None, seed: int = 0) -> keras.Sequential:
    """The linear probe's classifier as a Keras model, for `keras_ssl.export.saved_model(…, classifier=…)`.

    Standardization is folded into the weights, so it takes features as the encoder gives them.

    Args:
        train: `Features`, or a tuple of features (n, features) and labels (n,), the integers 0, 1, …, each
            of which occurs.
        C: As for `linear_probe`.
        seed: As for `linear_probe`.

    Returns:
        A `keras.Model` from features (batch, features) to probabilities (batch, classes).

    Raises:
        ValueError: As for `linear_probe`, and if a class has no image.

    Example:

    >>> features, labels = np.random.normal(size=(40, 8)), np.arange(40) % 2
    >>> classifier = keras_ssl.evaluate.linear_classifier((features, labels))
    >>> classifier(features.astype("float32")).shape
    TensorShape([40, 2])
    """
    train = check_labelled(train, "train")
    check_numbered(train)
    coordinates = RowSpace(train.features)
    regression, _ = _fit(coordinates.rows, train.labels, C, seed)
    weights, bias = regression.coef_.astype("float64"), regression.intercept_.astype("float64")
    if len(weights) == 1:  # for two classes there is one logit, of the second
        weights, bias = np.concatenate([0 * weights, weights]), np.concatenate([0 * bias, bias])
    weights, bias = coordinates.weights_on_features(weights, bias)
    model = softmax_head(weights.shape[1], len(bias), name="linear_classifier")
    model.get_layer("logits").set_weights([weights.T, bias])
    return model


def _fit(coordinates, labels, strength, seed):
    from sklearn.linear_model import LogisticRegression

    # A solution is near that for the next C, and saves a third of the steps there.
    classifier = LogisticRegression(max_iter=1000, warm_start=True)

    def make(c):
        return classifier.set_params(C=c)

    return fit_tuned(make, Features(coordinates, labels), strength, GRID, seed)
