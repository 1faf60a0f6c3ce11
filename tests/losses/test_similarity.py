import numpy as np

from keras_ssl.losses import cosine_similarities, embedding_spread, query_key_similarities, two_view_similarities


def test_cosine_is_the_product_of_unit_vectors(rng, unit):
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(6, 3))
    np.testing.assert_allclose(cosine_similarities(a, b), unit(a) @ unit(b).T, atol=1e-6)
    np.testing.assert_array_equal(cosine_similarities(np.zeros((1, 3)), b), np.zeros((1, 6)))


def test_an_anchor_sees_all_but_itself(rng):
    z_a, z_b = rng.normal(size=(2, 3, 4))
    similarities, positives = two_view_similarities(z_a, z_b)
    assert similarities.shape == (6, 6)
    np.testing.assert_array_equal(positives, [3, 4, 5, 0, 1, 2])
    np.testing.assert_array_equal(np.asarray(similarities) < -1e8, np.eye(6, dtype=bool))


def test_a_query_sees_its_key_and_the_queue_as_it_is(rng, unit):
    query, key, queue = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    similarities, positives = query_key_similarities(query, key, queue)
    np.testing.assert_array_equal(positives, [0, 0, 0])
    np.testing.assert_allclose(similarities[:, 0], np.sum(unit(query) * unit(key), axis=1), atol=1e-6)
    np.testing.assert_allclose(similarities[:, 1:], unit(query) @ queue.T, atol=1e-5)


def test_a_query_without_a_queue_sees_the_keys_of_the_global_batch(rng, unit):
    query, key = rng.normal(size=(2, 6, 4))
    similarities, positives = query_key_similarities(query[2:4], key[2:4], global_views=(query, key, 2))
    np.testing.assert_array_equal(positives, [2, 3])
    np.testing.assert_allclose(similarities, unit(query[2:4]) @ unit(key).T, atol=1e-6)


def test_is_about_one_on_the_whole_sphere(rng):
    assert 0.95 < embedding_spread(rng.normal(size=(2000, 64))) <= 1


def test_is_zero_when_collapsed_to_a_direction(rng):
    z = np.outer(rng.uniform(0.1, 10, size=50), rng.normal(size=16))
    assert embedding_spread(z) < 1e-3


def test_is_in_between_for_a_cone(rng):
    z = rng.normal(size=(500, 32)) + 2
    assert 0.1 < embedding_spread(z) < 0.9
