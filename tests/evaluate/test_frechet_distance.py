import warnings

import keras
import numpy as np
import pytest
import scipy.linalg

from keras_ssl.evaluate import Features, extract_features, frechet_distance


def with_moments(rng, mean, covariance, n=200):
    """Features whose mean and covariance are exactly these."""
    drawn = rng.normal(size=(n, len(mean)))
    drawn -= drawn.mean(axis=0)
    whitened = drawn @ np.linalg.inv(np.linalg.cholesky(np.cov(drawn, rowvar=False))).T
    return Features(whitened @ np.linalg.cholesky(covariance).T + mean)


def random_covariance(rng, dimensions):
    root = rng.normal(size=(dimensions, dimensions))
    return root @ root.T + 0.1 * np.eye(dimensions)


def test_is_the_papers_equation(rng):
    means, covariances = rng.normal(size=(2, 6)), [random_covariance(rng, 6) for _ in range(2)]
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(
        covariances[0] + covariances[1] - 2 * scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    )
    real, fake = (with_moments(rng, *moments) for moments in zip(means, covariances, strict=True))
    assert frechet_distance(None, real, fake) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(None, fake, real) == pytest.approx(expected, rel=1e-6)


def test_of_normal_distributions_along_the_axes(rng):
    real = with_moments(rng, [0.0, 0.0, 1.0], np.diag([1.0, 4.0, 9.0]))
    fake = with_moments(rng, [3.0, 0.0, 1.0], np.diag([4.0, 4.0, 1.0]))
    assert frechet_distance(None, real, fake) == pytest.approx(9 + (2 - 1) ** 2 + (3 - 1) ** 2)


def test_is_zero_for_the_same_features_and_where_some_are_constant(rng):
    features = np.concatenate([rng.normal(size=(50, 3)), np.ones((50, 2))], axis=1)
    assert frechet_distance(None, Features(features), Features(features)) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(None, Features(features), Features(features[:, ::-1])) > 0.1


def test_takes_images_through_the_encoder(rng):
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    real, fake = rng.uniform(0, 255, (2, 40, 4, 4, 1))
    expected = frechet_distance(None, *(extract_features(encoder, images, verbose=0) for images in (real, fake)))
    assert frechet_distance(encoder, real, fake, batch_size=16) == pytest.approx(expected)
    assert frechet_distance(encoder, extract_features(encoder, real, verbose=0), fake) == pytest.approx(expected)


def test_warns_of_fewer_images_than_features(rng):
    real, fake = (Features(rng.normal(size=(n, 10))) for n in (50, 10))
    with pytest.warns(UserWarning, match="50 real and 10 fake images with 10 features"):
        distance = frechet_distance(None, real, fake)
    assert np.isfinite(distance)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frechet_distance(None, real, real)


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros((1, 3)), np.zeros((5, 3)), "real with features of shape"),
        (np.zeros((5, 3)), np.zeros((5, 4)), "3 features per real image and 4 per fake one"),
        (np.zeros((5, 3)), np.full((5, 3), np.nan), "fake.features with NaN"),
    ],
)
def test_says_what_it_cannot_compare(real, fake, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(None, Features(real), Features(fake))
