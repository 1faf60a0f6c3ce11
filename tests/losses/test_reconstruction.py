import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.losses import binary_cross_entropy, squared_error, structural_dissimilarity
from keras_ssl.losses.reconstruction import RECONSTRUCTIONS


def gaussian_window(size, sigma=1.5):
    offsets = np.arange(size) - (size - 1) / 2
    window = np.exp(-0.5 * (offsets[:, None] ** 2 + offsets**2) / sigma**2)
    return window / window.sum()


def ssim_of_one_window(x, y, window):
    """Wang et al. 2004, equation 13, with C1 and C2 as in section III.B for pixels in [0, 1]."""
    c1, c2 = 0.01**2, 0.03**2
    mean_x, mean_y = (window * x).sum(), (window * y).sum()
    var_x, var_y = (window * (x - mean_x) ** 2).sum(), (window * (y - mean_y) ** 2).sum()
    covariance = (window * (x - mean_x) * (y - mean_y)).sum()
    return (2 * mean_x * mean_y + c1) * (2 * covariance + c2) / (mean_x**2 + mean_y**2 + c1) / (var_x + var_y + c2)


def test_squared_error_is_the_mean_of_the_squares(rng):
    x, y = rng.uniform(size=(2, 3, 4, 5, 2))
    np.testing.assert_allclose(squared_error(x, y), np.mean((x - y) ** 2), rtol=1e-5)


def test_binary_cross_entropy_is_that_of_coins(rng):
    x, logits = rng.uniform(size=(3, 4, 5, 2)), rng.normal(size=(3, 4, 5, 2))
    p = 1 / (1 + np.exp(-logits))
    expected = -np.mean(x * np.log(p) + (1 - x) * np.log(1 - p))
    np.testing.assert_allclose(binary_cross_entropy(x, logits), expected, rtol=1e-5)


def test_binary_cross_entropy_is_least_at_the_pixels_own_probability():
    x = tf.constant(0.3, shape=(1, 1, 1, 1))
    logit = tf.Variable(tf.math.log(0.3 / 0.7) * tf.ones((1, 1, 1, 1)))
    with tf.GradientTape() as tape:
        loss = binary_cross_entropy(x, logit)
    np.testing.assert_allclose(tape.gradient(loss, logit), 0, atol=1e-6)


@pytest.mark.parametrize("side", [5, 8, 11])
def test_an_image_no_larger_than_the_window_is_one_window(rng, side):
    x, y = rng.uniform(size=(2, 1, side, side, 1))
    expected = 1 - ssim_of_one_window(x[0, :, :, 0], y[0, :, :, 0], gaussian_window(side))
    np.testing.assert_allclose(structural_dissimilarity(x, y), expected, rtol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 16), st.integers(1, 4))
def test_structural_dissimilarity_is_symmetric_and_bounded(seed, side, channels):
    x, y = np.random.default_rng(seed).uniform(size=(2, 2, side, side, channels)).astype("float32")
    loss = float(structural_dissimilarity(x, y))
    assert 0 <= loss <= 2
    assert float(structural_dissimilarity(y, x)) == pytest.approx(loss, abs=1e-5)
    assert float(structural_dissimilarity(x, x)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", RECONSTRUCTIONS)
def test_outputs_that_are_the_image_are_best(rng, name):
    loss, to_pixels = RECONSTRUCTIONS[name]
    x = tf.constant(rng.uniform(0.1, 0.9, size=(2, 8, 8, 1)), tf.float32)
    output = tf.math.log(x / (1 - x)) if name == "bce" else x
    np.testing.assert_allclose(to_pixels(output), x, atol=1e-6)
    assert float(loss(x, output)) < float(loss(x, output + 0.1))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name", RECONSTRUCTIONS)
def test_every_float_gives_float32(rng, name, dtype):
    x = tf.cast(rng.uniform(size=(2, 8, 8, 1)), dtype)
    loss = RECONSTRUCTIONS[name].loss(x, x)
    assert loss.dtype == tf.float32 and loss.shape == ()
