import numpy as np
import tensorflow as tf

from keras_ssl.losses import negative_cosine


def reference(prediction, target):
    return -np.mean([p @ z / np.linalg.norm(p) / np.linalg.norm(z) for p, z in zip(prediction, target, strict=True)])


def test_equals_the_equation_and_passes_gradients_both_ways(views, assert_same_gradients):
    assert_same_gradients(negative_cosine, reference, views)


def test_closed_forms(rng):
    z = rng.normal(size=(6, 5))
    np.testing.assert_allclose(negative_cosine(z, 3 * z), -1, rtol=1e-6)
    np.testing.assert_allclose(negative_cosine(z, -z), 1, rtol=1e-6)
    np.testing.assert_allclose(negative_cosine([[1.0, 0.0]], [[0.0, 2.0]]), 0)


def test_stays_finite_at_zero():
    z = tf.zeros((2, 3))
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = negative_cosine(z, z)
    assert loss == 0 and np.all(np.isfinite(tape.gradient(loss, z)))


def test_any_float(views, assert_any_float):
    assert_any_float(negative_cosine, views)
