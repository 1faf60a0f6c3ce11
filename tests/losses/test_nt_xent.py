import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.losses import nt_xent


def reference(z_a, z_b, temperature):
    """Equation 1 and algorithm 1 of the paper, anchor by anchor."""
    z = np.concatenate([z_a, z_b]).astype("float64")
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    n = len(z)
    losses = []
    for i in range(n):
        positive = (i + n // 2) % n
        scores = {k: np.exp(z[i] @ z[k] / temperature) for k in range(n) if k != i}
        losses.append(-np.log(scores[positive] / sum(scores.values())))
    return np.mean(losses)


@settings(max_examples=30, deadline=None)
@given(
    batch=st.integers(2, 9),
    dim=st.integers(1, 20),
    temperature=st.floats(0.05, 2.0),
    scale=st.floats(0.1, 100.0),
    seed=st.integers(0, 2**16),
)
def test_equals_the_equation(batch, dim, temperature, scale, seed):
    z_a, z_b = np.random.default_rng(seed).normal(size=(2, batch, dim)).astype("float32") * scale
    np.testing.assert_allclose(nt_xent(z_a, z_b, temperature), reference(z_a, z_b, temperature), rtol=2e-5, atol=2e-5)


def test_gradient_equals_finite_differences(rng):
    z_a, z_b = rng.normal(size=(2, 4, 3)).astype("float32")
    variable = tf.constant(z_a)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        loss = nt_xent(variable, z_b, 0.5)
    gradient = tape.gradient(loss, variable).numpy()
    step = 1e-6
    for index in np.ndindex(z_a.shape):
        nudge = np.zeros(z_a.shape)
        nudge[index] = step
        slope = (reference(z_a + nudge, z_b, 0.5) - reference(z_a - nudge, z_b, 0.5)) / (2 * step)
        np.testing.assert_allclose(gradient[index], slope, atol=1e-5)


def test_closed_forms():
    same = np.ones((8, 4), "float32")
    np.testing.assert_allclose(nt_xent(same, same), np.log(2 * 8 - 1), rtol=1e-6)
    assert nt_xent(same[:1], same[:1]) == 0  # one image has no negatives
    pairs = np.eye(8, dtype="float32")  # positives at similarity 1, negatives at 0
    np.testing.assert_allclose(
        nt_xent(pairs, pairs, 0.1), -np.log(np.exp(10) / (np.exp(10) + 14)), rtol=1e-3, atol=1e-6
    )


def test_symmetries(rng):
    z_a, z_b = rng.normal(size=(2, 6, 5)).astype("float32")
    order = rng.permutation(6)
    loss = nt_xent(z_a, z_b)
    np.testing.assert_allclose(nt_xent(z_b, z_a), loss, rtol=1e-6)
    np.testing.assert_allclose(nt_xent(z_a[order], z_b[order]), loss, rtol=1e-6)
    np.testing.assert_allclose(nt_xent(3 * z_a, 0.2 * z_b), loss, rtol=1e-5)
    assert nt_xent(z_a, z_b[order]) != loss


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_computes_in_float32_whatever_comes_in(rng, dtype):
    z_a, z_b = (tf.cast(z, dtype) for z in rng.normal(size=(2, 6, 5)))
    loss = nt_xent(z_a, z_b, 0.1)
    assert loss.dtype == tf.float32
    np.testing.assert_allclose(
        loss, reference(tf.cast(z_a, "float64").numpy(), tf.cast(z_b, "float64").numpy(), 0.1), rtol=1e-5
    )


def test_stays_finite_at_zero_and_at_cold_temperatures(rng):
    z = tf.Variable(np.zeros((4, 3), "float32"))
    with tf.GradientTape() as tape:
        loss = nt_xent(z, z, 0.01)
    assert np.isfinite(loss) and np.all(np.isfinite(tape.gradient(loss, z)))
    assert np.isfinite(nt_xent(*rng.normal(size=(2, 4, 3)), temperature=1e-3))


def test_rows_of_replicas_add_up_to_the_global_loss_and_gradient(rng):
    """What each replica computes of its rows against all columns, put together by hand."""
    z_a, z_b = tf.constant(rng.normal(size=(2, 6, 5)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([z_a, z_b])
        whole = nt_xent(z_a, z_b, 0.3)
        shares = [
            nt_xent(z_a[first : first + 2], z_b[first : first + 2], 0.3, global_views=(z_a, z_b, first))
            for first in (0, 2, 4)
        ]
        together = tf.add_n(shares) / 3
    np.testing.assert_allclose(together, whole, rtol=1e-6)
    for z in (z_a, z_b):
        np.testing.assert_allclose(tape.gradient(together, z), tape.gradient(whole, z), atol=1e-6)


def test_compiles_with_xla(rng):
    z_a, z_b = rng.normal(size=(2, 6, 5)).astype("float32")
    compiled = tf.function(nt_xent, jit_compile=True)
    np.testing.assert_allclose(compiled(z_a, z_b), nt_xent(z_a, z_b), rtol=1e-5)
