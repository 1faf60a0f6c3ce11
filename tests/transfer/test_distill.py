import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import augment, backbones
from keras_ssl.evaluate import accuracy
from keras_ssl.losses import distillation
from keras_ssl.transfer import distill

# The function hides the module of its name.
distill_module = importlib.import_module("keras_ssl.transfer.distill")


@pytest.fixture
def images(rng):
    """Half of them bright on the left, half on the right."""
    images = rng.integers(0, 120, (64, 8, 8, 1))
    images[::2, :, :4] += 100
    images[1::2, :, 4:] += 100
    return images.astype("uint8")


@pytest.fixture
def teacher():
    """Says by a rule, and without doubt, which half is brighter."""
    inputs = keras.Input((8, 8, 1))
    halves = [keras.layers.GlobalAveragePooling2D()(half) for half in (inputs[:, :, :4], inputs[:, :, 4:])]
    return keras.Model(inputs, keras.layers.Softmax()(keras.layers.Concatenate()(halves)))


@pytest.fixture
def student():
    return backbones.small_cnn((8, 8, 1), filters=(4,))


FAST = {"epochs": 20, "learning_rate": 0.02, "batch_size": 32}


def test_the_student_learns_its_teacher_s_classes_without_a_label(teacher, images, student, crops):
    fresh = student.get_weights()
    classifier = distill(teacher, student, images, augmenter=crops, **FAST)
    unseen = np.flip(images, axis=1)
    assert accuracy(classifier, (unseen, np.arange(64) % 2)).accuracy > 0.9
    for old, new in zip(fresh, student.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert [type(layer).__name__ for layer in classifier.layers] == ["Functional", "Sequential"]
    np.testing.assert_allclose(classifier(images).numpy().sum(axis=1), 1, rtol=1e-5)


def test_teacher_and_student_see_the_same_views(teacher, images, student, rng, monkeypatch):
    asked = {}
    monkeypatch.setattr(distill_module, "train_classifier", lambda *args, **kwargs: asked.update(objective=args[3]))
    distill(teacher, student, images, temperature=2.0, label_weight=0.25)
    views, labels, logits = images[:6].astype("float32"), np.array([0, 1, -1, -1, 0, 1]), rng.normal(size=(6, 2))
    loss = asked["objective"](views, labels, logits)
    answer = tf.math.log(teacher(views))
    np.testing.assert_allclose(loss, distillation(logits, answer, 2.0, labels, 0.25), rtol=1e-5)


def test_the_teacher_is_left_alone(images, student, crops):
    ignorant = even(2)
    distill(ignorant, student, images, augmenter=crops, epochs=1)
    assert not np.any(ignorant.get_weights()[0])


def even(classes, shape=(8, 8, 1)):
    """A teacher that knows nothing."""
    inputs = keras.Input(shape)
    x = keras.layers.Dense(classes, kernel_initializer="zeros")(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Softmax()(x))


def test_labels_can_have_a_part(images, student, crops):
    """What the teacher does not know, the labels of half of the images say; the others are marked by -1."""
    labels = np.where(np.arange(64) < 32, np.arange(64) % 2, -1)
    dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(32)
    test = images, np.arange(64) % 2
    taught = distill(even(2), student, dataset, augmenter=crops, label_weight=0.9, **FAST)
    assert accuracy(taught, test).accuracy > 0.9
    ignored = distill(even(2), student, dataset, augmenter=crops, **FAST)
    np.testing.assert_allclose(ignored(images), 0.5, atol=0.2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"teacher": even(2, (4, 8, 1))}, r"shape \(8, 8, 1\), teacher.input_shape=\(None, 4, 8, 1\)"),
        (
            {"encoder": backbones.small_cnn((8, 8, 3), (2,))},
            r"shape \(8, 8, 1\), encoder.input_shape=\(None, 8, 8, 3\)",
        ),
        ({"teacher": keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])}, "softmax.*sum 0"),
        ({"temperature": 0}, "temperature=0"),
        ({"label_weight": 2}, "label_weight=2"),
        ({"label_weight": 0.5}, "labels=None, label_weight=0.5"),
        ({"epochs": 0}, "epochs=0"),
        ({"augmenter": augment.crops(4)}, r"\(4, 4\)"),
        ({"images": tf.data.Dataset.from_tensors(np.zeros((2, 8, 8, 1))).repeat()}, "how many batches"),
        ({"encoder": keras.Sequential([keras.layers.Dense(2)])}, "encoder must"),
    ],
)
def test_what_does_not_fit(teacher, images, student, changes, message):
    arguments = {"teacher": teacher, "encoder": student, "images": images, **changes}
    with pytest.raises(ValueError, match=message):
        distill(**arguments)


def test_a_teacher_is_a_model(images, student):
    with pytest.raises(TypeError, match="teacher must be a keras.Model"):
        distill("teacher.keras", student, images)
