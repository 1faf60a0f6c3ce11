import numpy as np
import pytest

from keras_ssl.losses import decoupled_cross_entropy, decoupled_nt_xent, nt_xent, two_view_similarities


def reference(z_a, z_b, temperature=0.1):
    """Equation 6 of the paper, unweighted, anchor by anchor."""
    z = np.concatenate([z_a, z_b])
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    n = len(z)
    losses = []
    for i in range(n):
        j = (i + n // 2) % n
        negatives = sum(np.exp(z[i] @ z[k] / temperature) for k in range(n) if k not in (i, j))
        losses.append(-z[i] @ z[j] / temperature + np.log(negatives))
    return np.mean(losses)


@pytest.mark.parametrize("temperature", [0.1, 0.7])
def test_equals_the_equation_and_its_gradient(views, assert_same_gradients, temperature):
    assert_same_gradients(
        lambda a, b: decoupled_nt_xent(a, b, temperature), lambda a, b: reference(a, b, temperature), views
    )


def test_differs_from_nt_xent_by_the_positive_in_the_denominator(views):
    similarities, positives = two_view_similarities(*views)
    np.testing.assert_allclose(
        decoupled_cross_entropy(similarities, positives, 0.5), decoupled_nt_xent(*views, 0.5), rtol=1e-6
    )
    assert decoupled_nt_xent(*views, 0.5) < nt_xent(*views, 0.5)


def test_closed_forms():
    same = np.ones((8, 4), "float32")
    np.testing.assert_allclose(decoupled_nt_xent(same, same), np.log(2 * 8 - 2), rtol=1e-6)
    pairs = np.eye(8, dtype="float32")  # positives at similarity 1, negatives at 0
    np.testing.assert_allclose(decoupled_nt_xent(pairs, pairs, 0.1), np.log(14) - 10, rtol=1e-5)


def test_symmetries(views, rng):
    order = rng.permutation(6)
    loss = decoupled_nt_xent(*views)
    np.testing.assert_allclose(decoupled_nt_xent(*views[::-1]), loss, rtol=1e-5)
    np.testing.assert_allclose(decoupled_nt_xent(*views[:, order]), loss, rtol=1e-5)
    np.testing.assert_allclose(decoupled_nt_xent(3 * views[0], 0.2 * views[1]), loss, rtol=1e-5)


def test_any_float_and_replicas(views, assert_any_float, assert_replicas_add_up):
    assert_any_float(decoupled_nt_xent, views)
    assert_replicas_add_up(decoupled_nt_xent, views)
