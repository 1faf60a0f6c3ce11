import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import triplet_margin


def reference(anchor, positive, negative, margin=1.0):
    return np.mean(
        [
            max(0, np.linalg.norm(a - p) - np.linalg.norm(a - n) + margin)
            for a, p, n in zip(anchor, positive, negative, strict=True)
        ]
    )


@pytest.mark.parametrize("margin", [1.0, 0.2])
def test_equals_the_equation_and_its_gradient(rng, assert_same_gradients, margin):
    triplets = rng.normal(size=(3, 6, 5))
    assert_same_gradients(
        lambda *z: triplet_margin(*z, margin=margin), lambda *z: reference(*z, margin=margin), triplets
    )


def test_closed_forms():
    origin, unit = np.zeros((1, 2)), np.asarray([[1.0, 0.0]])
    assert triplet_margin(origin, unit, 3 * unit) == 0
    assert triplet_margin(origin, unit, 1.5 * unit) == 0.5
    assert triplet_margin(origin, origin, origin, margin=0.3) == np.float32(0.3)


def test_gradient_is_finite_at_zero_distance():
    z = tf.ones((2, 3))
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = triplet_margin(z, tf.ones((2, 3)), tf.ones((2, 3)))
    assert loss == 1 and np.all(np.isfinite(tape.gradient(loss, z)))


def test_any_float(rng, assert_any_float):
    assert_any_float(triplet_margin, rng.normal(size=(3, 6, 5)))
