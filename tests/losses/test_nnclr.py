import numpy as np

from keras_ssl.losses import nnclr


def reference(neighbors, predictions, temperature=0.1):
    """Equation 3 of the paper, image by image."""
    neighbors, predictions = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (neighbors, predictions))
    return np.mean(
        [
            -np.log(np.exp(n @ p / temperature) / sum(np.exp(n @ other / temperature) for other in predictions))
            for n, p in zip(neighbors, predictions, strict=True)
        ]
    )


def test_equals_the_equation_and_its_gradient(views, assert_same_gradients):
    assert_same_gradients(nnclr, reference, views)


def test_is_one_way_and_not_symmetric(views):
    assert abs(nnclr(*views) - nnclr(*views[::-1])) > 1e-3
    np.testing.assert_allclose(nnclr(np.ones((8, 4)), np.ones((8, 4))), np.log(8), rtol=1e-6)


def test_any_float_and_replicas(views, assert_any_float, assert_replicas_add_up):
    assert_any_float(nnclr, views)
    assert_replicas_add_up(nnclr, views)
