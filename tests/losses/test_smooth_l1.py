import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import smooth_l1


def reference(targets, predictions):
    """Equation 3 of the paper with the turn at 1 / 9, and the mean over the last axis."""
    difference = np.abs(targets - predictions)
    return np.where(difference < 1 / 9, 4.5 * difference**2, difference - 1 / 18).mean(axis=-1)


def test_equals_the_equation(rng):
    targets, predictions = rng.uniform(-1, 1, size=(2, 7, 4)).astype("float32")
    targets[0] = predictions[0] + 0.05
    np.testing.assert_allclose(smooth_l1(targets, predictions), reference(targets, predictions), rtol=1e-5)
    assert smooth_l1(tf.cast(targets, tf.float16), tf.cast(predictions, tf.float16)).dtype == tf.float32


@pytest.mark.parametrize("difference, slope", [(0.0, 0.0), (0.05, 0.45), (0.3, 1.0), (-4.0, -1.0)])
def test_the_slope_is_that_of_a_square_up_to_the_turn_and_then_one(difference, slope):
    prediction = tf.constant([[difference]])
    with tf.GradientTape() as tape:
        tape.watch(prediction)
        loss = smooth_l1([[0.0]], prediction)
    np.testing.assert_allclose(tape.gradient(loss, prediction), [[slope]], atol=1e-6)
