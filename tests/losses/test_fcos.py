import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import centerness, fcos


def reference(logits, distances, centers, classes, true_distances):
    """Equations 2 and 3 of the paper with the weights of its later code, location by location."""

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    class_sum = box_sum = center_sum = weight_sum = 0.0
    objects = max((classes >= 0).sum(), 1)
    for location in np.ndindex(classes.shape):
        for number, logit in enumerate(logits[location]):
            p = sigmoid(logit) if classes[location] == number else 1 - sigmoid(logit)
            alpha = 0.25 if classes[location] == number else 0.75
            class_sum -= alpha * (1 - p) ** 2 * np.log(p)
        if classes[location] < 0:
            continue
        top, left, bottom, right = true_distances[location]
        c = np.sqrt(min(left, right) / max(left, right) * min(top, bottom) / max(top, bottom))
        own = distances[location]
        inner, outer = np.minimum(own, true_distances[location]), np.maximum(own, true_distances[location])
        shared, hull, *areas = (
            (box[0] + box[2]) * (box[1] + box[3]) for box in (inner, outer, own, true_distances[location])
        )
        union = sum(areas) - shared
        box_sum += c * (1 - shared / union + (hull - union) / hull)
        weight_sum += c
        center_sum -= c * np.log(sigmoid(centers[location])) + (1 - c) * np.log(1 - sigmoid(centers[location]))
    return class_sum / objects, box_sum / max(weight_sum, 1e-12), center_sum / objects


@pytest.fixture
def locations(rng):
    """Two images of five locations and three classes."""
    return (
        rng.normal(size=(2, 5, 3)),
        rng.uniform(0.2, 3, (2, 5, 4)),
        rng.normal(size=(2, 5)),
        np.array([[-1, 0, 2, -1, 1], [-1, -1, -1, 1, -1]]),
        rng.uniform(0.2, 3, (2, 5, 4)),
    )


def test_equals_the_paper_s_equations_and_their_slopes(locations, assert_same_gradients):
    *predictions, classes, true_distances = locations
    np.testing.assert_allclose(list(fcos(*locations).values()), reference(*locations), rtol=1e-5)
    assert_same_gradients(
        lambda *outputs: tf.add_n(list(fcos(*outputs, classes, true_distances).values())),
        lambda *outputs: sum(reference(*outputs, classes, true_distances)),
        predictions,
        atol=1e-4,
    )


def test_an_image_without_objects_teaches_that_there_are_none(locations):
    logits, distances, centers, classes, true_distances = (tf.cast(part, tf.float32) for part in locations)
    with tf.GradientTape() as tape:
        tape.watch((logits, distances, centers))
        losses = fcos(logits, distances, centers, -tf.ones_like(classes, tf.int32), true_distances * float("nan"))
        loss = tf.add_n(list(losses.values()))
    assert losses["box_loss"] == losses["centerness_loss"] == 0 < losses["class_loss"]
    gradients = tape.gradient(loss, (logits, distances, centers), unconnected_gradients="zero")
    assert np.all(gradients[0] > 0)
    assert not np.any(gradients[1]) and not np.any(gradients[2])


def test_centerness_is_1_in_the_middle_and_0_on_a_side():
    assert centerness([2.0, 3.0, 2.0, 3.0]) == 1
    assert centerness([0.0, 3.0, 4.0, 3.0]) == 0
    np.testing.assert_allclose(centerness([[1.0, 1.0, 4.0, 1.0], [1.0, 1.0, 4.0, 9.0]]), [1 / 2, 1 / 6], rtol=1e-6)
