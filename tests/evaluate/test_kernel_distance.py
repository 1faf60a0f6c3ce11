import keras
import numpy as np
import pytest

from keras_ssl.evaluate import Features, extract_features, kernel_distance


def reference(x, y):
    """The unbiased estimate, summand by summand."""

    def kernel(a, b):
        return (np.dot(a, b) / len(a) + 1) ** 3

    m = len(x)
    pairs = [(i, j) for i in range(m) for j in range(m) if i != j]
    within = sum(kernel(x[i], x[j]) + kernel(y[i], y[j]) for i, j in pairs) / (m * (m - 1))
    return within - 2 * sum(kernel(a, b) for a in x for b in y) / m**2


def test_is_the_papers_equation(rng):
    x, y = rng.normal(size=(2, 8, 5))
    distance, deviation = kernel_distance(None, Features(x), Features(y + 0.5), subsets=3, subset_size=8)
    assert distance == pytest.approx(reference(x, y + 0.5), rel=1e-9)
    assert deviation == pytest.approx(0, abs=1e-12)  # every subset is the whole


def test_of_two_points_in_closed_form():
    x, y = np.zeros((4, 2)), np.ones((4, 2))
    assert kernel_distance(None, Features(x), Features(y), subsets=1).distance == pytest.approx(1 + 2**3 - 2)


def test_is_unbiased_and_grows_with_the_distance(rng):
    real = Features(rng.normal(size=(400, 4)))
    same = kernel_distance(None, real, Features(rng.normal(size=(400, 4))), subset_size=100)
    near, far = (kernel_distance(None, real, Features(rng.normal(size=(400, 4)) + by)) for by in (0.5, 1.0))
    assert abs(same.distance) < 0.1 < near.distance < far.distance
    assert same.deviation > 0


def test_subsets_follow_the_seed_and_are_no_larger_than_the_sets(rng):
    real, fake = (Features(rng.normal(size=(n, 4))) for n in (30, 20))

    def distance(**kwargs):
        return kernel_distance(None, real, fake, subsets=4, **kwargs)

    assert distance(subset_size=10) == distance(subset_size=10) != distance(subset_size=10, seed=1)
    assert distance() == distance(subset_size=20)


def test_takes_images_through_the_encoder(rng):
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    real, fake = rng.uniform(0, 255, (2, 40, 4, 4, 1))
    expected = kernel_distance(None, *(extract_features(encoder, images, verbose=0) for images in (real, fake)))
    assert kernel_distance(encoder, real, fake, batch_size=16).distance == pytest.approx(expected.distance, rel=1e-5)


@pytest.mark.parametrize("arguments", [{"subsets": 0}, {"subset_size": 1}])
def test_subsets_have_images(arguments):
    with pytest.raises(ValueError, match="Received: subsets="):
        kernel_distance(None, Features(np.zeros((5, 3))), Features(np.zeros((5, 3))), **arguments)
