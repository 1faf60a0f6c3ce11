import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses.off_diagonal import off_diagonal_squares


def reference(a, b):
    products = a.T @ b
    return np.sum(np.square(products - np.diag(np.diag(products)))), np.diag(products)


# As many rows as dimensions, fewer and more: the last two are two ways to the same sum.
@pytest.mark.parametrize("shape", [(5, 5), (64, 9), (6, 64)])
def test_equals_the_matrix_without_its_diagonal(rng, shape):
    a, b = rng.normal(size=(2, *shape)).astype("float32")
    for pair in ((a, b), (a, a)):
        for value, exact in zip(off_diagonal_squares(*pair), reference(*pair), strict=True):
            np.testing.assert_allclose(value, exact, rtol=1e-5)


def test_a_batch_of_any_size(rng):
    a, b = rng.normal(size=(2, 3, 8)).astype("float32")
    free = tf.function(off_diagonal_squares, input_signature=[tf.TensorSpec((None, 8))] * 2)
    np.testing.assert_allclose(free(a, b)[0], off_diagonal_squares(a, b)[0], rtol=1e-5)


def test_no_pairs_of_dimensions_are_left_of_directions_that_stand_apart():
    apart = tf.eye(4, 7)
    assert off_diagonal_squares(apart, apart)[0] == 0
