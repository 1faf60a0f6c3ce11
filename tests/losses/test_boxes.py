import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.losses import box_iou, giou, smooth_l1

corner = st.integers(0, 230).map(lambda n: n / 256)
side = st.integers(8, 256).map(lambda n: n / 256)
box = st.tuples(corner, corner, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


def reference(a, b):
    """IoU and GIoU of the paper's algorithm 1, written out for one pair of boxes."""

    def area(top, left, bottom, right):
        return max(bottom - top, 0) * max(right - left, 0)

    shared = area(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    union = area(*a) + area(*b) - shared
    hull = area(min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
    return shared / union, shared / union - (hull - union) / hull


@settings(max_examples=60, deadline=None)
@given(a=box, b=box)
def test_equals_the_algorithm_and_keeps_its_properties(a, b):
    iou, generalized = reference(np.float64(a), np.float64(b))
    np.testing.assert_allclose(box_iou([a], [b])[0], iou, atol=1e-4)
    np.testing.assert_allclose(giou([a], [b])[0], generalized, atol=1e-4)
    np.testing.assert_allclose(giou([b], [a]), giou([a], [b]), atol=1e-5)
    np.testing.assert_allclose(giou([a], [a]), [1.0], atol=1e-5)
    assert -1 <= giou([a], [b])[0] <= box_iou([a], [b])[0] + 1e-5
    larger = 3.0 * np.float32([a, b])
    np.testing.assert_allclose(giou(larger[:1], larger[1:]), giou([a], [b]), atol=1e-4)


def test_figures_that_others_publish():
    """The example in the documentation of TensorFlow Addons' GIoULoss."""
    a = [[4.0, 3.0, 7.0, 5.0], [5.0, 6.0, 10.0, 7.0]]
    b = [[3.0, 4.0, 6.0, 8.0], [14.0, 14.0, 15.0, 15.0]]
    np.testing.assert_allclose(tf.reduce_mean(1 - giou(a, b)), 1.5041667, rtol=1e-6)


@pytest.mark.parametrize(
    "other",
    [(0.2, 0.2, 0.6, 0.6), (0.5, 0.5, 0.8, 0.8), (0.5, 0.2, 0.8, 0.6), (0.7, 0.7, 0.9, 0.9), (0.6, 0.6, 0.6, 0.6)],
    ids=["overlapping", "touching in a corner", "touching at an edge", "disjoint", "without area"],
)
def test_the_loss_moves_a_box_towards_the_other(other):
    truth = tf.constant([[0.1, 0.1, 0.5, 0.5]])
    other = tf.constant([other])
    with tf.GradientTape() as tape:
        tape.watch(other)
        loss = 1 - giou(truth, other)
    gradient = tape.gradient(loss, other)
    assert np.all(np.isfinite(gradient)) and np.any(gradient != 0)
    assert 1 - giou(truth, other - 1e-3 * gradient) < loss


def test_two_boxes_without_area_have_finite_values_and_gradients():
    point = tf.constant([[0.3, 0.3, 0.3, 0.3]])
    with tf.GradientTape() as tape:
        tape.watch(point)
        value = giou(point, point)
    assert value == 0 and box_iou(point, point) == 0
    assert np.all(np.isfinite(tape.gradient(value, point)))


def test_computes_in_float32_and_compiles(rng):
    a, b = np.sort(rng.uniform(size=(2, 6, 4)), axis=-1)
    assert giou(tf.cast(a, tf.float16), tf.cast(b, tf.float16)).dtype == tf.float32
    np.testing.assert_allclose(tf.function(giou, jit_compile=True)(a, b), giou(a, b), rtol=1e-5)


def smooth_l1_reference(targets, predictions):
    """Equation 3 of the paper with the turn at 1 / 9, and the mean over the last axis."""
    difference = np.abs(targets - predictions)
    return np.where(difference < 1 / 9, 4.5 * difference**2, difference - 1 / 18).mean(axis=-1)


def test_smooth_l1_equals_the_equation(rng):
    targets, predictions = rng.uniform(-1, 1, size=(2, 7, 4)).astype("float32")
    targets[0] = predictions[0] + 0.05
    np.testing.assert_allclose(smooth_l1(targets, predictions), smooth_l1_reference(targets, predictions), rtol=1e-5)
    assert smooth_l1(tf.cast(targets, tf.float16), tf.cast(predictions, tf.float16)).dtype == tf.float32


@pytest.mark.parametrize("difference, slope", [(0.0, 0.0), (0.05, 0.45), (0.3, 1.0), (-4.0, -1.0)])
def test_smooth_l1_the_slope_is_that_of_a_square_up_to_the_turn_and_then_one(difference, slope):
    prediction = tf.constant([[difference]])
    with tf.GradientTape() as tape:
        tape.watch(prediction)
        loss = smooth_l1([[0.0]], prediction)
    np.testing.assert_allclose(tape.gradient(loss, prediction), [[slope]], atol=1e-6)
