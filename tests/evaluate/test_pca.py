import numpy as np
import pytest

from keras_ssl.evaluate import pca_reconstructions, reconstruction_error


def test_images_of_few_dimensions_come_back_whole_and_more_dimensions_help(rng):
    codes = rng.uniform(0.2, 1, (60, 3))
    patterns = rng.uniform(0, 80, (3, 4 * 4 * 2))
    images = (codes @ patterns).reshape(60, 4, 4, 2)
    errors = [
        reconstruction_error(images[40:], pca_reconstructions(images[:40], images[40:], dimensions))
        for dimensions in (1, 2, 3)
    ]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 1e-9


def test_is_the_projection_on_the_first_singular_vectors(rng):
    images = rng.uniform(90, 160, (30, 3, 3, 1))
    flat = images.reshape(30, 9)
    mean = flat.mean(axis=0)
    vectors = np.linalg.svd(flat - mean)[2][:2]
    expected = mean + (flat - mean) @ vectors.T @ vectors
    np.testing.assert_allclose(pca_reconstructions(images, images, 2).reshape(30, 9), expected, atol=1e-2)


@pytest.mark.parametrize("shape, dimensions", [((5, 3, 3, 2), 2), ((5, 3, 3, 1), 0), ((5, 3, 3, 1), 10)])
def test_what_does_not_fit_is_an_error(rng, shape, dimensions):
    with pytest.raises(ValueError, match="Received"):
        pca_reconstructions(rng.uniform(0, 255, (30, 3, 3, 1)), np.zeros(shape), dimensions)


def test_the_error_is_that_of_pixels_in_the_unit_interval():
    images = np.zeros((2, 3, 3, 1), "uint8")
    assert reconstruction_error(images, images + np.uint8(51)) == pytest.approx(0.04)
    with pytest.raises(ValueError, match="2, 3, 3, 1.*1, 3, 3, 1"):
        reconstruction_error(images, images[:1])
