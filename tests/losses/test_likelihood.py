import numpy as np
import tensorflow as tf

from keras_ssl.losses import bernoulli_likelihood, gaussian_kl, gaussian_likelihood


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


def test_gaussian_kl_agrees_with_a_monte_carlo_estimate(rng):
    mean, log_variance = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    z = mean + np.exp(log_variance / 2) * rng.normal(size=(200_000, 3, 2))
    log_q = -0.5 * ((z - mean) ** 2 / np.exp(log_variance) + log_variance)
    log_p = -0.5 * z**2
    estimate = (log_q - log_p).sum(axis=-1).mean()
    np.testing.assert_allclose(gaussian_kl(mean, log_variance), estimate, rtol=0.01)


def test_gaussian_kl_is_zero_for_the_prior_and_positive_elsewhere(rng):
    assert float(gaussian_kl(tf.zeros((4, 3)), tf.zeros((4, 3)))) == 0
    assert all(float(gaussian_kl(rng.normal(size=(1, 3)), rng.normal(size=(1, 3)))) > 0 for _ in range(20))


def test_gaussian_kl_the_gradient_is_that_of_the_formula(rng):
    mean, log_variance = (tf.Variable(rng.normal(size=(5, 3)), dtype=tf.float32) for _ in range(2))
    with tf.GradientTape() as tape:
        loss = gaussian_kl(mean, log_variance)
    gradients = tape.gradient(loss, [mean, log_variance])
    np.testing.assert_allclose(gradients[0], mean / 5, rtol=1e-5)
    np.testing.assert_allclose(gradients[1], (np.exp(log_variance) - 1) / 10, rtol=1e-5)
