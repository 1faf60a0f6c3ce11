import numpy as np
import tensorflow as tf

from keras_ssl.losses import (
    contrastive_accuracy,
    nt_xent,
    positive_accuracy,
    query_key_similarities,
    softmax_cross_entropy,
    two_view_similarities,
)


def test_is_nt_xent_and_its_accuracy_of_the_same_similarities(views):
    compared = two_view_similarities(*views)
    np.testing.assert_array_equal(softmax_cross_entropy(*compared, 0.3), nt_xent(*views, 0.3))
    np.testing.assert_array_equal(positive_accuracy(*compared), contrastive_accuracy(*views))


def test_similarities_are_computed_once(views):
    def step(z_a, z_b):
        compared = two_view_similarities(z_a, z_b)
        return softmax_cross_entropy(*compared, 0.3), positive_accuracy(*compared)

    graph = tf.function(step).get_concrete_function(*(tf.constant(z) for z in views)).graph
    assert sum(op.type == "MatMul" for op in graph.get_operations()) == 1


def test_accuracy_counts_nearest_positives():
    pairs = np.eye(4, dtype="float32")
    assert contrastive_accuracy(pairs, pairs) == 1
    assert contrastive_accuracy(pairs, np.roll(pairs, 1, axis=0)) == 0
    assert contrastive_accuracy(pairs, pairs[[0, 1, 3, 2]]) == 0.5


def test_accuracy_of_noise_is_chance(rng):
    assert contrastive_accuracy(*rng.normal(size=(2, 200, 50))) < 0.03


def test_accuracy_of_what_has_collapsed_is_chance():
    zeros, queue = np.zeros((6, 4), "float32"), np.eye(4, dtype="float32")
    np.testing.assert_allclose(positive_accuracy(*query_key_similarities(zeros, zeros, queue)), 1 / 5)
    np.testing.assert_allclose(contrastive_accuracy(zeros, zeros), 1 / 11, rtol=1e-6)
