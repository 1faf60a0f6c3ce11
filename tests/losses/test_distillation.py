import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import distillation

LABELS = np.array([2, -1, 0, -1, 4, -1])


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def imitation(student, teacher, temperature):
    """Equation 2 of the paper, for each image."""
    return -np.sum(softmax(teacher / temperature) * np.log(softmax(student / temperature)), axis=1)


def mixed(student, teacher, temperature, label_weight):
    """Equation 3, whose α is 1 - label_weight, over the number of images."""
    labelled = np.flatnonzero(LABELS >= 0)
    known = -np.log(softmax(student)[labelled, LABELS[labelled]]).sum()
    return (label_weight * known + (1 - label_weight) * imitation(student, teacher, temperature).sum()) / len(student)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_equals_equation_2_and_its_gradient(views, temperature, assert_same_gradients):
    student, teacher = views
    assert_same_gradients(
        lambda s: distillation(s, teacher, temperature),
        lambda s: imitation(s, teacher.astype("float64"), temperature).mean(),
        [student],
    )


@pytest.mark.parametrize("label_weight", [0.3, 1.0])
def test_equals_equation_3_and_its_gradient(views, label_weight, assert_same_gradients):
    student, teacher = views
    assert_same_gradients(
        lambda s: distillation(s, teacher, 2.0, LABELS, label_weight),
        lambda s: mixed(s, teacher.astype("float64"), 2.0, label_weight),
        [student],
    )


def test_probabilities_do_as_well_as_logits_even_where_they_are_zero(views):
    student, teacher = views
    probabilities = softmax(teacher)
    np.testing.assert_allclose(
        distillation(student, np.log(probabilities), 3.0), distillation(student, teacher, 3.0), rtol=1e-5
    )
    certain = np.eye(5)[[0, 1, 2, 3, 4, 0]]
    with np.errstate(divide="ignore"):
        loss = distillation(student, np.log(certain))
    np.testing.assert_allclose(loss, -np.mean(np.sum(certain * np.log(softmax(student)), axis=1)), rtol=1e-5)


def test_least_where_the_student_agrees(views):
    """Where it is the entropy of the teacher's classes, for one as sure as can be nothing at all."""
    student, teacher = views
    entropy = -np.mean(np.sum(softmax(teacher) * np.log(softmax(teacher)), axis=1))
    np.testing.assert_allclose(distillation(teacher, teacher), entropy, rtol=1e-5)
    assert distillation(student, teacher) > entropy
    np.testing.assert_allclose(distillation(50 * np.eye(4), 50 * np.eye(4)), 0, atol=1e-6)
    np.testing.assert_allclose(distillation(np.zeros((6, 5)), teacher), np.log(5), rtol=1e-6)


def test_without_weight_labels_do_not_matter(views):
    assert distillation(*views, labels=LABELS) == distillation(*views)


def test_no_gradient_passes_to_the_teacher(views):
    student, teacher = (tf.constant(view) for view in views)
    with tf.GradientTape() as tape:
        tape.watch(teacher)
        loss = distillation(student, teacher, labels=LABELS, label_weight=0.5)
    assert tape.gradient(loss, teacher) is None


def test_any_float(views, assert_any_float):
    assert_any_float(lambda s, t: distillation(s, t, 2.0, LABELS, 0.5), views)


def test_a_weight_without_labels_is_refused(views):
    with pytest.raises(ValueError, match="labels=None, label_weight=0.5"):
        distillation(*views, label_weight=0.5)
