import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import uncertainty_weighted


def test_equals_the_equation(rng, assert_same_gradients):
    losses, log_variances = rng.uniform(0.1, 3, size=(2, 4))
    assert_same_gradients(
        uncertainty_weighted, lambda loss, s: np.sum(np.exp(-s) * loss + s), (losses, log_variances)
    )


def test_is_the_regression_form_of_the_paper_doubled(rng):
    losses, sigma = rng.uniform(0.1, 3, size=(2, 4))
    paper = np.sum(losses / (2 * sigma**2) + np.log(sigma))
    np.testing.assert_allclose(uncertainty_weighted(losses, np.log(sigma**2)), 2 * paper, rtol=1e-5)


def test_weights_settle_at_the_inverse_of_the_losses():
    losses, log_variances = tf.constant([0.25, 1.0, 4.0]), tf.Variable(tf.zeros(3))
    for _ in range(300):
        with tf.GradientTape() as tape:
            total = uncertainty_weighted(losses, log_variances)
        log_variances.assign_sub(0.1 * tape.gradient(total, log_variances))
    np.testing.assert_allclose(tf.exp(-log_variances), [4.0, 1.0, 0.25], rtol=1e-3)


@pytest.mark.parametrize("loss", [0.0, 5.0])
def test_a_task_that_says_nothing_moves_nothing(loss):
    log_variances = tf.Variable([0.5, -0.5])
    with tf.GradientTape() as tape:
        total = uncertainty_weighted([2.0, loss], log_variances, [True, False])
    np.testing.assert_allclose(total, 2 * np.exp(-0.5) + 0.5, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(total, log_variances), [1 - 2 * np.exp(-0.5), 0.0], rtol=1e-5)
