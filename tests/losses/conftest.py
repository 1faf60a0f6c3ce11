"""What the losses' tests share: numbers, gradients and replicas against a NumPy function of the paper's equation."""

import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture
def views(rng):
    """Two views of six images, five dimensions, float32."""
    return rng.normal(size=(2, 6, 5)).astype("float32")


@pytest.fixture
def assert_same_gradients():
    """Checks a loss's value and its gradient to each of its tensors against central differences of a reference."""

    def check(loss, reference, tensors, step=1e-5, atol=1e-5):
        tensors = [np.asarray(tensor, "float32") for tensor in tensors]
        constants = [tf.constant(tensor) for tensor in tensors]
        with tf.GradientTape() as tape:
            tape.watch(constants)
            value = loss(*constants)
        assert value.dtype == tf.float32 and value.shape == ()
        exact = [tensor.astype("float64") for tensor in tensors]
        np.testing.assert_allclose(value, reference(*exact), rtol=1e-5, atol=1e-6)
        for number, gradient in enumerate(tape.gradient(value, constants)):
            slopes = np.zeros(exact[number].shape)
            for index in np.ndindex(slopes.shape):
                ahead, behind = ([tensor.copy() for tensor in exact] for _ in range(2))
                ahead[number][index] += step
                behind[number][index] -= step
                slopes[index] = (reference(*ahead) - reference(*behind)) / (2 * step)
            scale = max(1.0, np.abs(slopes).max())
            np.testing.assert_allclose(gradient, slopes, atol=atol * scale, err_msg=f"of argument {number}")

    return check


@pytest.fixture
def assert_replicas_add_up():
    """Checks that replicas' losses average, and their gradients add up, to those of one device."""

    def check(loss, tensors, replicas=3):
        tensors = [tf.constant(tensor, tf.float32) for tensor in tensors]
        rows = len(tensors[0]) // replicas
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(tensors)
            whole = loss(*tensors)
            shares = [
                loss(*(tensor[first : first + rows] for tensor in tensors), global_views=(*tensors, first))
                for first in range(0, len(tensors[0]), rows)
            ]
            together = tf.add_n(shares) / replicas
        np.testing.assert_allclose(together, whole, rtol=1e-5)
        for tensor in tensors:
            np.testing.assert_allclose(tape.gradient(together, tensor), tape.gradient(whole, tensor), atol=1e-5)

    return check


@pytest.fixture
def assert_any_float():
    """Checks that a loss takes any float dtype, and variables, computes in float32, and compiles to the same."""

    def check(loss, tensors):
        for dtype in ("float16", "bfloat16", "float64"):
            cast = [tf.cast(tensor, dtype) for tensor in tensors]
            value = loss(*cast)
            assert value.dtype == tf.float32
            np.testing.assert_allclose(value, loss(*(tf.cast(tensor, tf.float32) for tensor in cast)), rtol=1e-6)
        tensors = [tf.cast(tensor, tf.float32) for tensor in tensors]
        np.testing.assert_array_equal(loss(*map(tf.Variable, tensors)), loss(*tensors))
        compiled = tf.function(loss, jit_compile=True)
        np.testing.assert_allclose(compiled(*tensors), loss(*tensors), rtol=1e-5)

    return check


@pytest.fixture
def unit():
    """Rows of an array scaled to length 1."""
    return lambda z: z / np.linalg.norm(z, axis=1, keepdims=True)
