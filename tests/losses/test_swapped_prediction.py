import numpy as np

from keras_ssl.losses import sinkhorn, swapped_prediction


def reference(scores, assignments, temperature=0.1):
    """Equation 2 of the paper."""
    e = np.exp(scores / temperature)
    return -np.mean(np.sum(assignments * np.log(e / e.sum(axis=1, keepdims=True)), axis=1))


def test_equals_the_equation_and_its_gradient(rng, assert_same_gradients):
    scores = rng.uniform(-1, 1, size=(2, 6, 4)).astype("float32")
    assignments = np.asarray(sinkhorn(scores[1]))
    assert_same_gradients(
        lambda s: swapped_prediction(s, assignments), lambda s: reference(s, assignments), scores[:1]
    )
    assert_same_gradients(
        lambda s: swapped_prediction(s, assignments, 0.5), lambda s: reference(s, assignments, 0.5), scores[:1]
    )


def test_closed_forms():
    assignments = np.eye(4, dtype="float32")
    np.testing.assert_allclose(swapped_prediction(np.zeros((4, 4)), assignments), np.log(4), rtol=1e-6)
    np.testing.assert_allclose(swapped_prediction(10 * assignments, assignments), 0, atol=1e-6)


def test_any_float(rng, assert_any_float):
    assert_any_float(swapped_prediction, [rng.uniform(-1, 1, size=(6, 4)), np.full((6, 4), 0.25)])
