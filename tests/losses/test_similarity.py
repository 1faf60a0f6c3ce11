import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import distribute, losses
from keras_ssl.losses import cosine_similarities, query_key_similarities, two_view_similarities
from keras_ssl.losses.similarity import off_diagonal_squares


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


WITHIN_THE_BATCH = [
    losses.nt_xent,
    losses.decoupled_nt_xent,
    losses.info_nce,
    losses.nnclr,
    losses.barlow_twins,
    losses.vicreg,
]


def test_gather_views_on_one_device_they_are_the_views_themselves():
    z_a, z_b = tf.ones((4, 2)), tf.zeros((4, 2))
    all_a, all_b, first_row = losses.gather_views(z_a, z_b)
    assert all_a is z_a and all_b is z_b and first_row == 0


@pytest.mark.parametrize("first", [3, 4], ids=["even", "uneven"])
@pytest.mark.parametrize("loss", WITHIN_THE_BATCH, ids=lambda loss: loss.__name__)
def test_gather_views_two_replicas_compute_the_loss_and_the_gradient_of_one(loss, first, views, two_replicas):
    matrix = tf.Variable(np.eye(5, dtype="float32"))  # stands for the network

    def value_and_gradient(z_a, z_b):
        weight = distribute.share(tf.shape(z_a)[0]).weight
        with tf.GradientTape() as tape:
            z_a, z_b = z_a @ matrix, z_b @ matrix
            value = loss(z_a, z_b, global_views=losses.gather_views(z_a, z_b))
        return weight * value, tape.gradient(value, matrix, output_gradients=weight)

    def rows(z):
        shares = np.split(z, [first])
        return two_replicas.experimental_distribute_values_from_function(
            lambda context: tf.constant(shares[context.replica_id_in_sync_group])
        )

    results = two_replicas.run(tf.function(value_and_gradient), (rows(views[0]), rows(views[1])))
    values, gradients = (two_replicas.experimental_local_results(result) for result in results)
    value, gradient = value_and_gradient(*(tf.constant(z) for z in views))
    np.testing.assert_allclose(sum(values), value, rtol=1e-5)
    np.testing.assert_allclose(tf.add_n(gradients), gradient, atol=1e-4)


def off_diagonal_reference(a, b):
    products = a.T @ b
    return np.sum(np.square(products - np.diag(np.diag(products)))), np.diag(products)


# As many rows as dimensions, fewer and more: the last two are two ways to the same sum.
@pytest.mark.parametrize("shape", [(5, 5), (64, 9), (6, 64)])
def test_off_diagonal_equals_the_matrix_without_its_diagonal(rng, shape):
    a, b = rng.normal(size=(2, *shape)).astype("float32")
    for pair in ((a, b), (a, a)):
        for value, exact in zip(off_diagonal_squares(*pair), off_diagonal_reference(*pair), strict=True):
            np.testing.assert_allclose(value, exact, rtol=1e-5)


def test_off_diagonal_a_batch_of_any_size(rng):
    a, b = rng.normal(size=(2, 3, 8)).astype("float32")
    free = tf.function(off_diagonal_squares, input_signature=[tf.TensorSpec((None, 8))] * 2)
    np.testing.assert_allclose(free(a, b)[0], off_diagonal_squares(a, b)[0], rtol=1e-5)


def test_off_diagonal_no_pairs_of_dimensions_are_left_of_directions_that_stand_apart():
    apart = tf.eye(4, 7)
    assert off_diagonal_squares(apart, apart)[0] == 0
