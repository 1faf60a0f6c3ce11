import numpy as np
import tensorflow as tf

from keras_ssl.losses import bernoulli_likelihood, gaussian_likelihood


def test_the_gaussians_variance_is_the_likeliest(rng):
    x, y = rng.uniform(size=(2, 4, 5, 5, 1))
    surprises = [np.mean(0.5 * np.log(2 * np.pi * v) + (x - y) ** 2 / (2 * v)) for v in np.linspace(0.01, 1, 2000)]
    np.testing.assert_allclose(gaussian_likelihood(x, y), min(surprises), rtol=1e-3)


def test_a_perfect_reconstruction_is_finite_with_its_gradient():
    outputs = tf.Variable(tf.ones((2, 4, 4, 1)))
    with tf.GradientTape() as tape:
        loss = gaussian_likelihood(tf.ones((2, 4, 4, 1)), outputs)
    assert np.isfinite(loss) and np.all(np.isfinite(tape.gradient(loss, outputs)))


def test_coins_are_independent(rng):
    x = rng.integers(0, 2, (2, 3, 3, 1)).astype("float32")
    logits = rng.normal(size=(2, 3, 3, 1))
    p = 1 / (1 + np.exp(-logits))
    probability = np.prod(np.where(x == 1, p, 1 - p))
    np.testing.assert_allclose(bernoulli_likelihood(x, logits), -np.log(probability) / x.size, rtol=1e-5)
