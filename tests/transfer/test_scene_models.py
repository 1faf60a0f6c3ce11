"""What `Detector` and `Segmenter` both promise."""

import subprocess
import sys
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import backbones, losses
from keras_ssl.data.memory import in_memory
from keras_ssl.transfer import Detector, Segmenter, scene_optimizer


class Kind(NamedTuple):
    """A model of scenes, and data that it learns from."""

    build: object
    targets: object
    output: object


def squares(count, size=(32, 48), seed=0):
    """Gray noise with one bright square in each image: images, boxes in pixels and masks."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 80, (count, *size, 1)).astype("uint8")
    side = rng.integers(8, 16, count)
    top, left = rng.integers(0, size[0] - side), rng.integers(0, size[1] - side)
    masks = np.zeros((count, *size), "uint8")
    for number in range(count):
        inside = np.s_[number, top[number] : top[number] + side[number], left[number] : left[number] + side[number]]
        images[inside] += 150
        masks[inside] = 1
    return images, np.stack([top, left, top + side, left + side], axis=1), masks


def boxes(count, **kwargs):
    images, corners, _ = squares(count, **kwargs)
    relative = (corners / np.tile(images.shape[1:3], 2)).astype("float32")
    padding = -np.ones((count, 2, 4), "float32")
    padding[:, 0] = relative
    classes = np.tile(np.int32([0, -1]), (count, 1))
    return images, {"boxes": padding, "classes": classes}


def masks(count, **kwargs):
    images, _, masks = squares(count, **kwargs)
    return images, masks


def encoder():
    return backbones.small_cnn((16, 16, 1), filters=(4, 8, 8, 8))


KINDS = {
    "detector": Kind(lambda **kwargs: Detector(encoder(), ["square"], width=16, depth=1, **kwargs), boxes, "boxes"),
    "segmenter": Kind(lambda **kwargs: Segmenter(encoder(), ["ground", "square"], width=4, **kwargs), masks, None),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def dataset(kind, count=12, batch_size=4, shuffle=True):
    images, targets = kind.targets(count)
    return in_memory(images, targets, batch_size, shuffle, seed=0)


def weights(model):
    return [np.asarray(weight) for weight in model.weights]


def predicted(model, images):
    found = model.predict(images, verbose=0)
    return found if isinstance(found, dict) else {"masks": found}


def test_it_saves_and_loads_and_goes_on_in_a_new_process_as_if_never_stopped(kind, tmp_path):
    whole, half = kind.build(), kind.build()
    half.set_weights(whole.get_weights())
    for model in (whole, half):
        model.compile(scene_optimizer(model, total_steps=6, layer_decay=0.5, head_first=0.5))
    data = dataset(kind)
    whole.fit(data, epochs=2, verbose=0)
    half.fit(data, epochs=1, verbose=0)
    half.save(tmp_path / "half.keras")
    images, targets = kind.targets(12)
    named = targets if isinstance(targets, dict) else {"masks": targets}
    np.savez(tmp_path / "data.npz", images=images, **named)
    subprocess.run([sys.executable, "-c", GO_ON, str(tmp_path)], check=True)
    again = keras.saving.load_model(tmp_path / "whole.keras")
    for got, expected in zip(weights(again), weights(whole), strict=True):
        np.testing.assert_array_equal(got, expected)
    for name, found in predicted(again, images).items():
        np.testing.assert_array_equal(found, predicted(whole, images)[name])


GO_ON = """
import sys, numpy as np, keras, keras_ssl
from keras_ssl.data.memory import in_memory
folder = sys.argv[1]
data = dict(np.load(folder + "/data.npz"))
images = data.pop("images")
model = keras.saving.load_model(folder + "/half.keras")
model.fit(in_memory(images, data.get("masks", data), 4, True, seed=0), initial_epoch=1, epochs=2, verbose=0)
model.save(folder + "/whole.keras")
"""


def test_two_replicas_learn_what_one_device_learns(kind, two_replicas):
    alone = kind.build()
    with two_replicas.scope():
        together = kind.build()
    together.set_weights(alone.get_weights())
    for model in (alone, together):
        model.encoder.trainable = False  # its batch statistics are those of a replica
    if isinstance(alone, Segmenter):
        alone.decoder.trainable = together.decoder.trainable = False
    alone.compile(keras.optimizers.SGD(0.01))
    with two_replicas.scope():
        together.compile(keras.optimizers.SGD(0.01))
    images, targets = kind.targets(5)  # three and two
    data = in_memory(images, targets, 5, False, seed=0)
    history = [model.fit(data, epochs=2, verbose=0).history for model in (alone, together)]
    for name, values in history[0].items():
        np.testing.assert_allclose(history[1][name], values, rtol=2e-4, atol=1e-6, err_msg=name)
    for got, expected in zip(weights(together), weights(alone), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.slow
def test_it_learns_with_xla_and_under_half_precision(kind):
    data = dataset(kind, count=4)
    plain = kind.build()
    initial = plain.get_weights()
    plain.compile("sgd")
    expected = plain.fit(data, verbose=0).history["loss"]
    xla = kind.build()
    xla.set_weights(initial)
    xla.compile("sgd", jit_compile=True)
    np.testing.assert_allclose(xla.fit(data, verbose=0).history["loss"], expected, rtol=1e-3)
    for name, found in predicted(xla, data).items():
        assert np.all(np.isfinite(found)), name
    keras.config.set_dtype_policy("mixed_bfloat16")
    half = kind.build()
    half.compile("sgd")
    assert np.isfinite(half.fit(data, verbose=0).history["loss"]).all()


def test_the_encoder_that_it_was_given_stays_as_it_is(kind):
    given = encoder()
    before = given.get_weights()
    make = type(kind.build())
    model = make(given, ["a", "b"], width=16)
    model.compile("adam")
    model.fit(dataset(kind), verbose=0)
    for old, new in zip(before, given.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_raises(AssertionError, np.testing.assert_array_equal, before[0], model.encoder.get_weights()[0])


def test_a_frozen_encoder_does_not_change_and_stays_frozen_when_loaded(kind, tmp_path):
    model = kind.build()
    model.encoder.trainable = False
    model.compile("adam")
    before = [np.asarray(weight) for weight in model.encoder.weights]
    model.fit(dataset(kind), verbose=0)
    for old, new in zip(before, model.encoder.weights, strict=True):
        np.testing.assert_array_equal(old, new)
    model.save(tmp_path / "model.keras")
    assert not keras.saving.load_model(tmp_path / "model.keras").encoder.trainable_weights


def test_images_may_have_any_size(kind):
    model = kind.build()
    for size in ((32, 48), (33, 45), (20, 70)):
        found = predicted(model, squares(2, size)[0])
        if "masks" in found:
            assert found["masks"].shape == (2, *size) and found["masks"].dtype == np.uint8
        else:
            assert {name: part.shape for name, part in found.items()} == {
                "boxes": (2, 100, 4), "scores": (2, 100), "classes": (2, 100),
            }  # fmt: skip


def test_validation_gives_the_losses_of_images_as_they_are(kind):
    model = kind.build()
    model.compile("adam")
    data = dataset(kind, shuffle=False)
    first, second = (model.evaluate(data, return_dict=True, verbose=0) for _ in range(2))
    assert first == second and set(first) == {"loss", *model.logged}
    history = model.fit(data, validation_data=data, epochs=1, verbose=0).history
    assert {f"val_{name}" for name in first} <= set(history)


def test_classes_are_names_each_once(kind):
    for classes in ([], "cells", ["a", "a"], [1, 2]):
        with pytest.raises(ValueError, match=r"names of the classes.*Received: classes="):
            type(kind.build())(encoder(), classes)


def test_it_says_what_to_do_before_compile_and_what_a_batch_must_be(kind):
    model = kind.build()
    with pytest.raises(ValueError, match="before fit, with an optimizer"):
        model.fit(dataset(kind))
    model.compile("adam")
    with pytest.raises(ValueError, match="learns from batches of"):
        model.fit(in_memory(squares(4)[0], None, 4, False, seed=0), verbose=0)


@pytest.mark.slow
def test_a_detector_finds_squares_it_has_not_seen():
    detector = KINDS["detector"].build()
    images, targets = boxes(32)
    detector.compile(keras.optimizers.Adam(3e-3))
    detector.fit(in_memory(images, targets, 8, True, seed=0), epochs=30, verbose=0)
    unseen, truth = boxes(8, seed=1)
    best = detector.predict(unseen, verbose=0)["boxes"][:, 0]
    assert np.mean(losses.box_iou(best, truth["boxes"][:, 0])) > 0.6


@pytest.mark.slow
def test_a_segmenter_finds_squares_it_has_not_seen():
    segmenter = KINDS["segmenter"].build(dice_weight=0.5)
    segmenter.compile(keras.optimizers.Adam(3e-3))
    segmenter.fit(dataset(KINDS["segmenter"], count=32, batch_size=8), epochs=20, verbose=0)
    unseen, truth = masks(8, seed=1)
    found = segmenter.predict(unseen, verbose=0)
    assert np.sum((found == 1) & (truth == 1)) / np.sum((found == 1) | (truth == 1)) > 0.7


def test_of_overlapping_boxes_of_a_class_only_the_best_stays():
    detector = KINDS["detector"].build(score_threshold=0.3)
    detector.class_names = ["a", "b"]
    corners = tf.constant([[[0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.52], [0.6, 0.6, 0.9, 0.9], [0.0, 0.0, 1.0, 1.0]]])
    scores = tf.constant([[[0.8, 0.7], [0.9, 0.1], [0.4, 0.1], [0.2, 0.1]]])
    found = {name: part.numpy()[0] for name, part in detector.suppress(corners, scores).items()}
    np.testing.assert_allclose(found["scores"][:4], [0.9, 0.7, 0.4, 0.0], rtol=1e-6)
    np.testing.assert_array_equal(found["classes"][:4], [0, 1, 0, -1])
    np.testing.assert_allclose(found["boxes"][:3], corners.numpy()[0][[1, 0, 2]], rtol=1e-6)
    assert np.all(found["boxes"][3:] == -1)


def test_pixels_of_the_ignored_class_do_not_count():
    images, truth = masks(4)
    segmenter = KINDS["segmenter"].build(ignore_class=7)
    segmenter.compile("sgd")
    truth[:, :16] = 7
    other = images.copy()
    whole = segmenter.forward(images, truth, training=False)["cross_entropy"]
    logits = segmenter(other, training=False)
    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(truth[:, 16:], logits[:, 16:])
    np.testing.assert_allclose(whole, plain, rtol=1e-5)
    truth[:] = 7
    assert segmenter.train_on_batch(images, truth, return_dict=True)["loss"] == 0
    assert all(np.isfinite(weight).all() for weight in weights(segmenter))


def test_an_ignored_class_with_a_name_is_never_predicted():
    segmenter = Segmenter(encoder(), ["ground", "square", "unlabelled"], ignore_class=2, width=4)
    segmenter.classifier.bias.assign([0.0, 0.0, 100.0])
    assert segmenter.predict(squares(2)[0], verbose=0).max() < 2


def test_a_vision_transformer_keeps_the_size_that_it_is_built_for():
    vit = backbones.vit((16, 16, 1), 4, width=8, depth=1, heads=2)
    detector = Detector(vit, ["square"], image_size=(30, 22), width=16)
    assert detector.predict(squares(2, (30, 22))[0], verbose=0)["boxes"].shape == (2, 100, 4)
    segmenter = Segmenter(vit, ["ground", "square"], image_size=(30, 22), width=4)
    assert segmenter.predict(squares(2, (30, 22))[0], verbose=0).shape == (2, 30, 22)
