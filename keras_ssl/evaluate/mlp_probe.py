import numpy as np

from keras_ssl.evaluate import threads
from keras_ssl.evaluate.checks import check_split
from keras_ssl.evaluate.features import Features
from keras_ssl.evaluate.score import Score, scored

HELD_OUT_SHARE = 0.1


def mlp_probe(train: Features | tuple, test: Features | tuple, units: int = 256, seed: int = 0) -> Score:
    """Accuracy of a small neural network on frozen features, which need not be linearly separable.

    One hidden ReLU layer, trained by Adam (scikit-learn's `MLPClassifier`) on features standardized by the training
    images' mean and deviation, until ten epochs bring no better accuracy on a tenth of the training images.

    Args:
        train: `Features`, or a tuple of features (n, features) and integer labels (n,): two images or more of each
            class, and ten times as many as classes.
        test: Like `train`; scored once.
        units: Positive integer. The width of the hidden layer. Defaults to `256`.
        seed: Integer. For the weights, the batches and the held-out part. Defaults to `0`.

    Returns:
        `Score`.

    Raises:
        ValueError: If features and labels do not fit together, or there are too few of them.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(400) % 2
    >>> features = rng.normal(size=(400, 8)) + 3 * labels[:, None]
    >>> float(keras_ssl.evaluate.mlp_probe((features, labels), (features, labels))) > 0.9
    True
    """
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = check_split(train, test)
    counts = np.unique(train.labels, return_counts=True)[1]
    if counts.min() < 2 or HELD_OUT_SHARE * len(train.labels) < len(counts):
        raise ValueError(
            "A tenth of the training images is held out for early stopping, with an image of each class in it: give "
            "two or more images of each class, and ten times as many as classes, or use linear_probe(…, C=1.0). "
            f"Received: {len(train.labels)} training images of {len(counts)} classes, {counts.min()} of the rarest"
        )
    network = MLPClassifier(
        (units,),
        early_stopping=True,
        validation_fraction=HELD_OUT_SHARE,
        n_iter_no_change=10,
        max_iter=200,
        random_state=seed,
    )
    classifier = make_pipeline(StandardScaler(), network)
    with threads.limit_threads(train.features):
        classifier.fit(train.features, train.labels)
    return scored(
        "MLP probe",
        classifier.predict(test.features),
        test.labels,
        f"One hidden layer of {units} units on standardized training features, stopped early on a tenth of the "
        "training images, which it is not trained on; scored once on the test images.",
        settings={"units": units, "epochs": network.n_iter_, "seed": seed},
    )
