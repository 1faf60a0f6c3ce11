import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import sigmoid_focal


def focal(labels, logits, alpha=0.25, gamma=2.0):
    """Equation 5 of the paper, with p_t and α_t as in equations 2 and 3."""
    p = 1 / (1 + np.exp(-logits))
    p_t = np.where(labels == 1, p, 1 - p)
    alpha_t = np.where(labels == 1, alpha, 1 - alpha)
    return -alpha_t * (1 - p_t) ** gamma * np.log(p_t)


@pytest.mark.parametrize(("alpha", "gamma"), [(0.25, 2.0), (0.5, 0.0), (0.75, 0.5)])
def test_equals_the_paper_s_equation_and_its_slope(rng, assert_same_gradients, alpha, gamma):
    logits, labels = rng.normal(0, 3, (3, 4)), rng.integers(0, 2, (3, 4))
    np.testing.assert_allclose(
        sigmoid_focal(labels, logits, alpha, gamma), focal(labels, logits, alpha, gamma), rtol=1e-4
    )
    assert_same_gradients(
        lambda z: tf.reduce_sum(sigmoid_focal(labels, z, alpha, gamma)),
        lambda z: focal(labels, z, alpha, gamma).sum(),
        [logits],
    )


def test_without_focus_it_is_the_weighted_cross_entropy(rng):
    logits, labels = rng.normal(size=(5,)).astype("float32"), np.float32([0, 1, 1, 0, 1])
    plain = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    np.testing.assert_allclose(sigmoid_focal(labels, logits, 0.5, 0.0), 0.5 * plain, rtol=1e-6)


def test_large_logits_keep_value_and_gradient():
    """Where Keras' function, which clips probabilities at 1e-7, has lost the gradient."""
    logits = tf.constant([-40.0, 40.0])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = sigmoid_focal([1.0, 0.0], logits)
    np.testing.assert_allclose(loss, [0.25 * 40, 0.75 * 40], rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, logits), [-0.25, 0.75], rtol=1e-5)
