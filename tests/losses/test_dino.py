import numpy as np
import tensorflow as tf

from keras_ssl.losses import dino


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def reference(student, teacher, center, student_temperature=0.1, teacher_temperature=0.04):
    """Algorithm 1 of the paper, H(t, s)."""
    targets = softmax((teacher - center) / teacher_temperature)
    return -np.mean(np.sum(targets * np.log(softmax(student / student_temperature)), axis=1))


def test_equals_the_equation_and_its_gradient(views, rng, assert_same_gradients):
    student, teacher = 0.3 * views
    center = 0.1 * rng.normal(size=5).astype("float32")
    assert_same_gradients(
        lambda s: dino(s, teacher, center), lambda s: reference(s, teacher.astype("float64"), center), [student]
    )
    np.testing.assert_array_equal(dino(student, teacher, center[np.newaxis]), dino(student, teacher, center))
    warm = dino(student, teacher, center, 0.5, tf.constant(0.07))
    np.testing.assert_allclose(warm, reference(student, teacher, center, 0.5, 0.07), rtol=1e-4)


def test_no_gradient_passes_to_teacher_and_center(views):
    student, teacher = (tf.constant(view) for view in views)
    center = tf.zeros(5)
    with tf.GradientTape() as tape:
        tape.watch([student, teacher, center])
        loss = dino(student, teacher, center)
    assert tape.gradient(loss, [teacher, center]) == [None, None]


def test_closed_forms(views):
    np.testing.assert_allclose(dino(np.zeros((6, 5)), views[0], 0.0), np.log(5), rtol=1e-6)
    # A teacher that is centered to nothing gives equal targets.
    np.testing.assert_allclose(dino(np.eye(4), np.ones((4, 4)), np.ones(4)), np.log(np.exp(10) + 3) - 2.5, rtol=1e-5)


def test_any_float(views, assert_any_float):
    assert_any_float(lambda s, t: dino(s, t, tf.zeros(5)), views)
