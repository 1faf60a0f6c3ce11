import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import sinkhorn


def reference(scores, epsilon, iterations):
    """Appendix A of the paper, with the divisions that cancel."""
    q = np.exp(scores / epsilon).T
    q /= q.sum()
    prototypes, batch = q.shape
    for _ in range(iterations):
        q /= q.sum(axis=1, keepdims=True) * prototypes
        q /= q.sum(axis=0, keepdims=True) * batch
    return (q * batch).T


@pytest.fixture
def scores(rng):
    return rng.uniform(-1, 1, size=(6, 4)).astype("float32")


@pytest.mark.parametrize("epsilon, iterations", [(0.05, 3), (0.5, 1), (0.05, 10)])
def test_equals_the_algorithm(scores, epsilon, iterations):
    assignments = sinkhorn(scores, epsilon, iterations)
    assert assignments.dtype == tf.float32
    np.testing.assert_allclose(assignments, reference(scores.astype("float64"), epsilon, iterations), atol=1e-5)
    np.testing.assert_allclose(np.sum(assignments, axis=1), 1, rtol=1e-5)


def test_shares_the_batch_out_equally(rng):
    scores = rng.normal(size=(64, 4)) + np.asarray([9, 0, 0, 0])  # all images like the first prototype
    assignments = sinkhorn(scores, epsilon=1.0, iterations=100)
    np.testing.assert_allclose(np.sum(assignments, axis=0), 16, rtol=1e-3)


def test_without_iterations_it_is_a_softmax(scores):
    np.testing.assert_allclose(sinkhorn(scores, 0.5, 0), tf.nn.softmax(scores / 0.5), rtol=1e-5)


def test_large_scores_and_a_prototype_that_nobody_likes_stay_finite(scores):
    extreme = 100 * scores + np.asarray([0, 0, 0, -1000], "float32")
    assignments = sinkhorn(extreme)
    assert np.all(np.isfinite(assignments))
    np.testing.assert_allclose(np.sum(assignments, axis=1), 1, rtol=1e-5)


def test_no_gradient_passes(scores):
    scores = tf.constant(scores)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        total = tf.reduce_sum(tf.square(sinkhorn(scores)))
    assert tape.gradient(total, scores) is None


def test_a_replica_gets_its_rows_of_the_global_assignment(scores):
    whole = sinkhorn(scores)
    for first in (0, 2, 4):
        np.testing.assert_allclose(
            sinkhorn(scores[first : first + 2], global_views=(scores, first)), whole[first : first + 2], rtol=1e-6
        )


def test_rows_of_a_queue_take_part(scores, rng):
    queue = rng.uniform(-1, 1, size=(5, 4)).astype("float32")
    together = np.concatenate([scores, queue])
    np.testing.assert_allclose(sinkhorn(scores, global_views=(together, 0)), sinkhorn(together)[:6], rtol=1e-6)


def test_any_float_and_xla(scores):
    assert sinkhorn(tf.cast(scores, tf.bfloat16)).dtype == tf.float32
    compiled = tf.function(sinkhorn, jit_compile=True)
    np.testing.assert_allclose(compiled(scores), sinkhorn(scores), atol=1e-5)
