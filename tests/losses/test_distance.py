import numpy as np
import tensorflow as tf

from keras_ssl.losses import embedding_spread, euclidean_distance, euclidean_distances
from keras_ssl.losses.distance import root


def test_is_the_norm_of_the_difference(views):
    a, b = views
    np.testing.assert_allclose(euclidean_distance(a, b), np.linalg.norm(a - b, axis=1), rtol=1e-6)
    np.testing.assert_allclose(
        euclidean_distances(a, b[:4]), np.linalg.norm(a[:, None] - b[None, :4], axis=2), rtol=1e-5
    )


def test_gradient_at_zero_is_zero_and_elsewhere_the_direction():
    a = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(a)
        distances = euclidean_distance(a, [[1.0, 2.0], [0.0, 0.0]])
    np.testing.assert_array_equal(distances, [0, 5])
    np.testing.assert_allclose(tape.gradient(distances, a), [[0, 0], [0.6, 0.8]], rtol=1e-6)


def test_root_has_a_slope_everywhere_and_hides_no_nan():
    squared = tf.constant([4.0, 0.0, -1e-9, np.nan])
    with tf.GradientTape() as tape:
        tape.watch(squared)
        roots = root(squared)
    np.testing.assert_array_equal(roots, [2.0, 0.0, 0.0, np.nan])
    np.testing.assert_array_equal(tape.gradient(roots, squared), [0.25, 0.0, 0.0, np.nan])


def test_spread_is_about_one_on_the_whole_sphere(rng):
    assert 0.95 < embedding_spread(rng.normal(size=(2000, 64))) <= 1


def test_spread_is_zero_when_collapsed_to_a_direction(rng):
    z = np.outer(rng.uniform(0.1, 10, size=50), rng.normal(size=16))
    assert embedding_spread(z) < 1e-3


def test_spread_is_in_between_for_a_cone(rng):
    z = rng.normal(size=(500, 32)) + 2
    assert 0.1 < embedding_spread(z) < 0.9
