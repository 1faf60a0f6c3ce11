import numpy as np

from keras_ssl.losses import contrastive_accuracy, cosine_similarities, two_view_similarities


def test_cosine_is_the_product_of_unit_vectors(rng):
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(6, 3))
    expected = (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
    np.testing.assert_allclose(cosine_similarities(a, b), expected, atol=1e-6)
    np.testing.assert_array_equal(cosine_similarities(np.zeros((1, 3)), b), np.zeros((1, 6)))


def test_an_anchor_sees_all_but_itself(rng):
    z_a, z_b = rng.normal(size=(2, 3, 4))
    similarities, positives = two_view_similarities(z_a, z_b)
    assert similarities.shape == (6, 6)
    np.testing.assert_array_equal(positives, [3, 4, 5, 0, 1, 2])
    np.testing.assert_array_equal(np.asarray(similarities) < -1e8, np.eye(6, dtype=bool))


def test_accuracy_counts_nearest_positives():
    pairs = np.eye(4, dtype="float32")
    assert contrastive_accuracy(pairs, pairs) == 1
    assert contrastive_accuracy(pairs, np.roll(pairs, 1, axis=0)) == 0
    half = pairs[[0, 1, 3, 2]]
    assert contrastive_accuracy(pairs, half) == 0.5


def test_accuracy_of_noise_is_chance(rng):
    z_a, z_b = rng.normal(size=(2, 200, 50))
    assert contrastive_accuracy(z_a, z_b) < 0.03
