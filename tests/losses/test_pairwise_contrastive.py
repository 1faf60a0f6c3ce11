import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import pairwise_contrastive

SAME = np.asarray([1, 1, 1, 0, 0, 0])


def reference(a, b, same=SAME, margin=1.0):
    """Equation 4 of the paper (whose Y is 0 for the same image), pair by pair."""
    losses = []
    for x, y, s in zip(a, b, same, strict=True):
        distance = np.linalg.norm(x - y)
        losses.append(distance**2 / 2 if s else max(0, margin - distance) ** 2 / 2)
    return np.mean(losses)


@pytest.mark.parametrize("margin", [1.0, 3.0])
def test_equals_the_equation_and_its_gradient(views, assert_same_gradients, margin):
    assert_same_gradients(
        lambda a, b: pairwise_contrastive(a, b, SAME, margin), lambda a, b: reference(a, b, margin=margin), views
    )


def test_same_may_be_boolean_or_numbers(views):
    expected = pairwise_contrastive(*views, SAME)
    for same in (SAME.astype(bool), SAME.astype("float32"), SAME.tolist()):
        np.testing.assert_array_equal(pairwise_contrastive(*views, same), expected)


def test_closed_forms():
    near, far = np.zeros((2, 3)), np.full((2, 3), 9.0)
    assert pairwise_contrastive(near, near, [1, 1]) == 0
    assert pairwise_contrastive(near, far, [0, 0]) == 0
    assert pairwise_contrastive(near, near, [0, 0], margin=2.0) == 2


def test_stays_finite_at_zero_distance(assert_any_float, views):
    z = tf.zeros((2, 3))
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = pairwise_contrastive(z, tf.zeros((2, 3)), [True, False])
    assert np.all(np.isfinite(tape.gradient(loss, z)))
    assert_any_float(lambda a, b: pairwise_contrastive(a, b, SAME), views)
