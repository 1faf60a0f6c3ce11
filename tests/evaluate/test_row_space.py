import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from keras_ssl.evaluate.row_space import RowSpace, row_basis

RNG = np.random.default_rng(0)
LABELS = np.arange(40) % 3
WIDE = (RNG.normal(size=(40, 300)) + 0.3 * LABELS[:, None] * RNG.normal(size=300)).astype("float32")
TEST = RNG.normal(size=(25, 300)).astype("float32")


@pytest.mark.parametrize(
    "classifier",
    [
        LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000),
        LinearSVC(C=0.01, tol=1e-8, max_iter=100_000),
        SVC(C=0.01, kernel="linear", tol=1e-6),
    ],
)
def test_a_classifier_with_an_l2_penalty_is_the_same_after_the_rotation(classifier):
    scaler = StandardScaler().fit(WIDE)
    expected = classifier.fit(scaler.transform(WIDE), LABELS).decision_function(scaler.transform(TEST))
    coordinates = RowSpace(WIDE)
    assert coordinates(WIDE).shape[1] < len(WIDE) + 1
    np.testing.assert_allclose(coordinates.rows, coordinates(WIDE), atol=1e-4)
    found = classifier.fit(coordinates.rows, LABELS).decision_function(coordinates(TEST))
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("dimensions", [300, 5])
def test_weights_on_the_coordinates_become_weights_on_the_features(dimensions):
    features, others = WIDE[:, :dimensions], TEST[:, :dimensions]
    coordinates = RowSpace(features)
    classifier = LogisticRegression().fit(coordinates(features), LABELS)
    weights, bias = coordinates.weights_on_features(classifier.coef_, classifier.intercept_)
    np.testing.assert_allclose(
        others @ weights.T + bias, classifier.decision_function(coordinates(others)), atol=1e-4
    )


def test_the_basis_is_orthonormal_and_keeps_all_distances():
    basis = row_basis(WIDE)
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-5)
    np.testing.assert_allclose((WIDE @ basis) @ (WIDE @ basis).T, WIDE @ WIDE.T, rtol=1e-4, atol=1e-3)
    assert row_basis(WIDE[:, :5]) is None


def test_features_without_variance_stay_finite():
    constant = np.ones((6, 9), "float32")
    assert np.isfinite(RowSpace(constant)(constant)).all() and np.isfinite(RowSpace(constant).rows).all()
    assert not row_basis(np.zeros((6, 9), "float32")).any()
