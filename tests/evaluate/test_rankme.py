import numpy as np
import pytest

from keras_ssl.evaluate import Features, rankme


def reference(features):
    """Equation 1 of the paper, from the eigenvalues of the Gram matrix."""
    values = np.sqrt(np.maximum(np.linalg.eigvalsh(features.T @ features), 0))
    shares = values / values.sum() + 1e-7
    return np.exp(-sum(p * np.log(p) for p in shares))


def test_equals_the_equation(rng):
    features = rng.normal(size=(40, 6)) * [9, 5, 3, 1, 0.5, 0.1]
    np.testing.assert_allclose(rankme(features), reference(features), rtol=1e-5)


def test_counts_dimensions_that_are_used_alike(rng):
    for rank in (1, 3, 8):
        basis = np.linalg.qr(rng.normal(size=(30, rank)))[0]
        directions = np.linalg.qr(rng.normal(size=(8, rank)))[0]
        np.testing.assert_allclose(rankme(basis @ directions.T), rank, rtol=1e-4)


def test_does_not_depend_on_scale_or_rotation(rng):
    features, rotation = rng.normal(size=(40, 6)), np.linalg.qr(rng.normal(size=(6, 6)))[0]
    np.testing.assert_allclose(rankme(7 * features @ rotation), rankme(features), rtol=1e-6)


def test_takes_features_with_labels_and_few_images(rng):
    features = rng.normal(size=(3, 50)).astype("float32")
    assert rankme(Features(features, np.arange(3))) == rankme(features) <= 3.001


def test_features_of_zero_have_no_rank():
    assert rankme(np.zeros((5, 4))) == 0


def test_says_what_is_wrong():
    with pytest.raises(ValueError, match=r"a matrix.*Received: features of shape \(3,\)"):
        rankme(np.ones(3))
    with pytest.raises(ValueError, match="finite.*first in row 1"):
        rankme([[1.0, 2.0], [np.nan, 1.0]])
