import numpy as np
import tensorflow as tf

from keras_ssl.losses import vicreg, vicreg_terms


def reference_terms(z_a, z_b):
    """Equations 1 to 5 of the paper, with the means of its code, dimension by dimension."""
    d = z_a.shape[1]
    invariance = np.mean([(a - b) ** 2 for a, b in zip(z_a.ravel(), z_b.ravel(), strict=True)])
    variance = covariance = 0
    for z in (z_a, z_b):
        deviations = np.sqrt(z.var(axis=0, ddof=1) + 1e-4)
        variance += np.mean(np.maximum(0, 1 - deviations)) / 2
        matrix = np.cov(z, rowvar=False)
        covariance += sum(matrix[i, j] ** 2 for i in range(d) for j in range(d) if i != j) / d
    return invariance, variance, covariance


def reference(z_a, z_b):
    return np.dot((25, 25, 1), reference_terms(z_a, z_b))


def test_equals_the_equation_and_its_gradient(views, assert_same_gradients):
    assert_same_gradients(vicreg, reference, views)
    assert_same_gradients(vicreg, reference, 0.3 * views)  # all dimensions vary too little


def test_more_dimensions_than_images(rng, assert_same_gradients, assert_any_float, assert_replicas_add_up):
    wide = rng.normal(size=(2, 6, 9)).astype("float32")
    assert_same_gradients(vicreg, reference, wide)
    assert_any_float(vicreg, wide)
    assert_replicas_add_up(vicreg, wide)


def test_terms_stand_apart_and_add_up(views):
    terms = vicreg_terms(*views)
    np.testing.assert_allclose(terms, reference_terms(*views.astype("float64")), rtol=1e-4)
    np.testing.assert_allclose(vicreg(*views, 2, 3, 5), np.dot((2, 3, 5), terms), rtol=1e-5)
    np.testing.assert_allclose(vicreg(*views, covariance_weight=0), 25 * terms[0] + 25 * terms[1], rtol=1e-5)


def test_stays_finite_when_collapsed():
    z = tf.ones((4, 3))
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = vicreg(z, z)
    np.testing.assert_allclose(loss, 25 * (1 - 0.01), rtol=1e-5)
    assert np.all(np.isfinite(tape.gradient(loss, z)))


def test_any_float_and_replicas(views, assert_any_float, assert_replicas_add_up):
    assert_any_float(vicreg, views)
    assert_replicas_add_up(vicreg, views)
