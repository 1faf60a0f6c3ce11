import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import dice


def overlap(masks, probabilities, weights):
    """1 − D of the paper's section 3, class by class, over the pixels that count."""
    losses = []
    for g, p in zip(masks.T, probabilities.T, strict=True):
        g, p = g * weights, p * weights
        if g.any():
            losses.append(1 - 2 * (g * p).sum() / ((g**2).sum() + (p**2).sum()))
    return np.mean(losses)


@pytest.fixture
def masks(rng):
    return np.eye(4)[rng.integers(0, 3, 12)]  # of four classes the last is not shown


def test_equals_the_paper_s_equation_and_its_slope(rng, masks, assert_same_gradients):
    weights = rng.integers(0, 2, 12).astype("float32")
    probabilities = rng.dirichlet(np.ones(4), 12)
    assert_same_gradients(
        lambda p: dice(masks, p, weights), lambda p: overlap(masks, p, weights), [probabilities], atol=1e-4
    )


def test_all_right_is_0_and_all_wrong_is_1(masks):
    assert dice(masks, masks) == 0
    np.testing.assert_allclose(dice(masks, np.roll(masks, 1, axis=1)), 1.0)


def test_a_batch_without_labels_is_no_nan(masks):
    probabilities = tf.constant(masks, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(probabilities)
        loss = dice(masks, probabilities, np.zeros(12))
    assert loss == 0
    assert np.all(tape.gradient(loss, probabilities) == 0)


def test_classes_count_alike_whatever_their_size():
    masks = np.eye(2)[[0] * 99 + [1]]
    never_the_small_one = np.eye(2)[[0] * 100]
    np.testing.assert_allclose(dice(masks, never_the_small_one), 0.5, atol=0.01)
