import numpy as np
import pytest

from keras_ssl.losses import info_nce, nnclr


def reference(query, key, negatives, temperature=0.2):
    """Equation 1 of MoCo, query by query; `negatives(i)` are the rows that query i must tell from its key."""
    query, key = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (query, key))
    losses = []
    for i, q in enumerate(query):
        positive = np.exp(q @ key[i] / temperature)
        losses.append(-np.log(positive / (positive + sum(np.exp(q @ n / temperature) for n in negatives(i, key)))))
    return np.mean(losses)


def other_keys(i, key):
    return np.delete(key, i, axis=0)


@pytest.mark.parametrize("temperature", [0.07, 0.2])
def test_equals_the_equation_and_its_gradient_with_a_queue(views, rng, unit, assert_same_gradients, temperature):
    queue = unit(rng.normal(size=(9, 5))).astype("float32")
    assert_same_gradients(
        lambda q, k: info_nce(q, k, queue, temperature),
        lambda q, k: reference(q, k, lambda *_: queue.astype("float64"), temperature),
        views,
    )


def test_equals_the_equation_and_its_gradient_within_the_batch(views, assert_same_gradients):
    assert_same_gradients(info_nce, lambda q, k: reference(q, k, other_keys), views)


def test_closed_forms():
    same = np.ones((8, 4), "float32")
    np.testing.assert_allclose(info_nce(same, same, np.full((15, 4), 0.5, "float32")), np.log(16), rtol=1e-6)
    np.testing.assert_allclose(info_nce(same, same), np.log(8), rtol=1e-6)


def test_lengths_of_query_and_key_do_not_matter_and_the_queue_is_taken_as_it_is(views, unit):
    queue = unit(views[1])
    loss = info_nce(*views, queue)
    np.testing.assert_allclose(info_nce(3 * views[0], 0.2 * views[1], queue), loss, rtol=1e-5)
    assert abs(info_nce(*views, 2 * queue) - loss) > 0.1


def test_any_float_and_replicas(views, unit, assert_any_float, assert_replicas_add_up):
    assert_any_float(info_nce, views)
    assert_any_float(info_nce, [*views, unit(views[0])])
    assert_replicas_add_up(info_nce, views)


def nnclr_reference(neighbors, predictions, temperature=0.1):
    """Equation 3 of the paper, image by image."""
    neighbors, predictions = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (neighbors, predictions))
    return np.mean(
        [
            -np.log(np.exp(n @ p / temperature) / sum(np.exp(n @ other / temperature) for other in predictions))
            for n, p in zip(neighbors, predictions, strict=True)
        ]
    )


def test_nnclr_equals_the_equation_and_its_gradient(views, assert_same_gradients):
    assert_same_gradients(nnclr, nnclr_reference, views)


def test_nnclr_is_one_way_and_not_symmetric(views):
    assert abs(nnclr(*views) - nnclr(*views[::-1])) > 1e-3
    np.testing.assert_allclose(nnclr(np.ones((8, 4)), np.ones((8, 4))), np.log(8), rtol=1e-6)


def test_nnclr_any_float_and_replicas(views, assert_any_float, assert_replicas_add_up):
    assert_any_float(nnclr, views)
    assert_replicas_add_up(nnclr, views)
