import inspect
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import augment, backbones
from keras_ssl.evaluate import accuracy, extract_features, linear_classifier, linear_probe
from keras_ssl.optimizers import LayerDecay
from keras_ssl.transfer import fine_tune, fine_tuned_classifier, from_scratch
from keras_ssl.transfer.view_trainer import ViewTrainer


@pytest.fixture
def labelled(rng):
    """Images whose left or right half is bright, and noise."""
    labels = np.arange(48) % 2
    images = rng.integers(0, 120, (48, 8, 8, 1))
    images[labels == 0, :, :4] += 100
    images[labels == 1, :, 4:] += 100
    return images.astype("uint8"), labels


@pytest.fixture
def small():
    return backbones.small_cnn((8, 8, 1), filters=(4, 6))


def plain(shape=(8, 8, 1), units=6):
    """Without batch normalization."""
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 127.5, -1)(inputs)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(units, dtype="float32")(keras.layers.Flatten()(x)))


def moved(encoder, classifier):
    """How far each trainable weight of the encoder went, as a part of its size."""
    pairs = zip(encoder.weights, classifier.layers[0].weights, strict=True)
    return [float(np.linalg.norm(new - old) / (np.linalg.norm(old) + 1e-3)) for old, new in pairs if new.trainable]


def test_all_layers_learn_and_the_encoder_is_left_alone(small, labelled, crops, tmp_path):
    small.trainable = False
    before = small.get_weights()
    classifier = fine_tuned_classifier(small, labelled, epochs=2, batch_size=16, augmenter=crops)
    for old, new in zip(before, small.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not small.trainable
    assert min(moved(small, classifier)) > 1e-5
    probabilities = classifier.predict(labelled[0], verbose=0)
    assert probabilities.shape == (48, 2) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    classifier.save(tmp_path / "classifier.keras")
    loaded = keras.saving.load_model(tmp_path / "classifier.keras")
    np.testing.assert_array_equal(loaded.predict(labelled[0], verbose=0), probabilities)


def test_the_head_comes_first(labelled, crops):
    """Before the other layers have learned anything, it is the linear probe on the frozen encoder."""
    encoder = plain()
    probe = linear_classifier(extract_features(encoder, labelled, verbose=0))
    settings = {"epochs": 1, "learning_rate": 1e-9, "augmenter": crops}
    classifier = fine_tuned_classifier(encoder, labelled, **settings)
    expected = probe(encoder(labelled[0]))
    np.testing.assert_allclose(classifier(labelled[0]), expected, atol=1e-5)
    at_random = fine_tuned_classifier(encoder, labelled, **settings, head_first=False)
    assert np.abs(at_random(labelled[0]) - expected).max() > 0.1


def test_layers_near_the_images_learn_more_slowly(labelled, crops):
    encoder, settings = plain(), {"epochs": 2, "augmenter": crops}
    near, _, far, _ = moved(encoder, fine_tuned_classifier(encoder, labelled, **settings, layer_decay=0.01))
    same, _, _, _ = moved(encoder, fine_tuned_classifier(encoder, labelled, **settings, layer_decay=1.0))
    assert near < 0.02 * far and same > 50 * near


def test_batch_normalization_goes_by_its_batches(small, labelled):
    """With the weights as good as fixed, its statistics become those of the images."""
    small.get_layer("stage1_bn").momentum = 0.99  # Keras' default
    identity = augment.compose([keras.layers.Identity()])
    settings = {"learning_rate": 1e-9, "augmenter": identity, "batch_size": 48}
    tuned = fine_tuned_classifier(small, labelled, epochs=60, **settings).layers[0]
    norm, before = (model.get_layer("stage1_bn") for model in (tuned, small))
    activations = keras.Model(small.input, before.input).predict(labelled[0], verbose=0)
    # Of the statistics that it had, 0.9^60 is left, with SimCLR's momentum for few steps an epoch.
    np.testing.assert_allclose(norm.moving_mean, activations.mean((0, 1, 2)), atol=0.01)
    np.testing.assert_allclose(norm.moving_variance, activations.var((0, 1, 2)), rtol=0.02, atol=0.005)
    assert (norm.momentum, before.momentum) == (0.9, 0.99)


def test_beats_the_linear_probe_where_the_features_are_poor():
    train, test = (keras_ssl.data.load("digits", split, labels=True) for split in ("train[:400]", "test"))
    encoder = plain(units=6)
    probe = linear_probe(*(extract_features(encoder, part, verbose=0) for part in (train, test)), C=1.0)
    score = fine_tune(encoder, train, test, epochs=15, learning_rate=1e-2, C=1.0)
    assert score.accuracy > probe.accuracy + 0.1
    assert score.settings["training_images"] == 400 and score.settings["epochs"] == 15
    assert score.settings["batch_size"] == inspect.signature(fine_tuned_classifier).parameters["batch_size"].default


def test_a_function_of_the_seed_and_not_of_the_order_of_batches(small, labelled, crops):
    images, labels = labelled
    dataset = tf.data.Dataset.from_tensor_slices((images, labels[:, None])).batch(10)
    settings = {"epochs": 1, "batch_size": 16, "head_first": False, "augmenter": crops}
    first, again, other = (
        fine_tuned_classifier(small, part, seed=seed, **settings).get_weights()
        for part, seed in ((labelled, 1), (dataset, 1), (labelled, 2))
    )
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(first, other, strict=True))


def test_views_differ_from_step_to_step(labelled):
    """Each image is seen under another crop each time: the augmenter gets a seed of its own for each step."""
    seeds = []

    class Recorder(augment.Augmenter):
        def call(self, images, seed=None, first_row=0):
            tf.py_function(lambda value: seeds.append(tuple(value.numpy())), [seed], [])
            return super().call(images, seed, first_row)

    recorder = Recorder([keras.layers.Identity()])
    fine_tuned_classifier(plain(), labelled, epochs=2, batch_size=16, augmenter=recorder)
    assert len(seeds) == 6 == len(set(seeds))


@pytest.mark.parametrize(
    ("policy", "optimizer"),
    [("mixed_bfloat16", LayerDecay), ("mixed_float16", keras.optimizers.LossScaleOptimizer)],
)
def test_in_the_encoder_s_precision_whatever_the_policy_is_now(labelled, crops, policy, optimizer, monkeypatch):
    compiled = []
    compile_model = ViewTrainer.compile
    monkeypatch.setattr(
        ViewTrainer, "compile", lambda self, given: compiled.append(given) or compile_model(self, given)
    )
    keras.config.set_dtype_policy(policy)
    encoder = backbones.small_cnn((8, 8, 1), filters=(4, 6))
    keras.config.set_dtype_policy("float32")
    classifier = fine_tuned_classifier(encoder, labelled, epochs=2, batch_size=16, augmenter=crops)
    assert classifier.layers[0].get_layer("stage1_conv").compute_dtype in policy and type(compiled[0]) is optimizer
    assert all(np.isfinite(weights).all() for weights in classifier.get_weights())
    assert min(moved(encoder, classifier)) > 1e-5
    assert classifier(labelled[0]).dtype == tf.float32


@pytest.mark.slow
def test_two_replicas_learn_what_one_does(labelled, two_replicas):
    encoder = plain()
    settings = {"epochs": 2, "batch_size": 16, "learning_rate": 1e-2, "head_first": False}
    one = fine_tuned_classifier(encoder, labelled, **settings)
    with two_replicas.scope():
        two = fine_tuned_classifier(encoder, labelled, **settings)
    for alone, together in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(alone, together, rtol=1e-3, atol=1e-4)


def test_an_encoder_of_any_size_learns_at_the_images_size(labelled, crops):
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    encoder = keras.Model(inputs, keras.layers.GlobalAveragePooling2D(dtype="float32")(x))
    assert fine_tuned_classifier(encoder, labelled, epochs=1, augmenter=crops).input_shape == (None, None, None, 1)


def test_rgb_images_are_mirrored_and_others_are_not(monkeypatch):
    asked = []
    monkeypatch.setattr(ViewTrainer, "fit", lambda *args, **kwargs: None)
    monkeypatch.setattr(augment, "crops", lambda size, **kwargs: asked.append(kwargs) or augment.simclr(size))
    rng = np.random.default_rng(0)
    for channels in (3, 1):
        images = rng.integers(0, 256, (8, 8, 8, channels), "uint8")
        fine_tuned_classifier(plain((8, 8, channels)), (images, np.arange(8) % 2), epochs=1)
    assert [kwargs["flip_probability"] for kwargs in asked] == [0.5, 0.0]


def test_from_scratch_uses_no_weight_of_the_encoder(labelled, crops):
    def score():
        encoder = plain()
        return encoder, from_scratch(encoder, labelled, labelled, epochs=2, augmenter=crops, seed=3)

    (one, first), (other, second) = score(), score()
    assert np.abs(one.get_weights()[0] - other.get_weights()[0]).max() > 0.01
    assert first == second and first.name == "fine-tuning" and "random weights" in first.protocol
    assert (first.settings["head_first"], first.settings["layer_decay"]) == (False, 1.0)


def test_accuracy_counts_right_classes(labelled):
    images, labels = labelled
    inputs = keras.Input((8, 8, 1))
    halves = [keras.layers.GlobalAveragePooling2D()(half) for half in (inputs[:, :, :4], inputs[:, :, 4:])]
    classifier = keras.Model(inputs, keras.layers.Concatenate()(halves))
    wrong = np.where(np.arange(48) < 12, 1 - labels, labels)
    assert accuracy(classifier, (images, wrong), batch_size=10).accuracy == 0.75
    with pytest.raises(ValueError, match="tells 2 classes apart.*labels up to 2"):
        accuracy(classifier, (images, labels + 1))


IMAGES, LABELS = np.zeros((6, 8, 8, 1), "uint8"), np.array([0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("train", "test", "settings", "message"),
    [
        (IMAGES, (IMAGES, LABELS), {}, "labels of the train images.*labels=None"),
        ((IMAGES, LABELS), IMAGES, {}, "labels of the test images.*labels=None"),
        ((IMAGES, LABELS[:5]), (IMAGES, LABELS), {}, "6 images and labels of shape .5,"),
        ((IMAGES[:, :4], LABELS), (IMAGES, LABELS), {}, r"shape \(8, 8, 1\).*shape \(4, 8, 1\)"),
        ((IMAGES, 0 * LABELS), (IMAGES, LABELS), {}, "at least two classes"),
        ((IMAGES, 2 * LABELS), (IMAGES, 2 * LABELS), {}, r"no image of \[1\]"),
        ((IMAGES, LABELS - 1), (IMAGES, LABELS), {}, "start at 0"),
        ((IMAGES, LABELS), (IMAGES, LABELS + 1), {}, r"test classes \[2\]"),
        ((IMAGES, LABELS), (IMAGES, LABELS), {"epochs": 0}, "epochs=0"),
        ((IMAGES, LABELS), (IMAGES, LABELS), {"epochs": 2, "warmup_epochs": 2}, "warmup_epochs=2, epochs=2"),
        ((IMAGES, LABELS), (IMAGES, LABELS), {"learning_rate": 0}, "learning_rate=0"),
        ((IMAGES, LABELS), (IMAGES, LABELS), {"layer_decay": 2}, "decay=2"),
        ((IMAGES, LABELS), (IMAGES, LABELS), {"batch_size": 0}, "batch_size=0"),
        ((IMAGES, LABELS), (IMAGES, LABELS), {"augmenter": augment.crops(4)}, r"\(4, 4\).*\(None, 8, 8, 1\)"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_trained(train, test, settings, message):
    with pytest.raises(ValueError, match=message):
        fine_tune(plain(), train, test, C=1.0, **settings)


def test_what_is_no_encoder_and_no_setting():
    with pytest.raises(ValueError, match="keras.Model from images to features"):
        fine_tune("encoder.keras", (IMAGES, LABELS), (IMAGES, LABELS))
    with pytest.raises(TypeError, match="momentum"):
        fine_tune(plain(), (IMAGES, LABELS), (IMAGES, LABELS), momentum=0.9)


def test_a_bar_over_the_epochs(small, labelled, crops, capsys):
    fine_tuned_classifier(small, labelled, epochs=3, batch_size=16, augmenter=crops)
    assert not capsys.readouterr().out
    fine_tuned_classifier(small, labelled, epochs=3, batch_size=16, augmenter=crops, verbose=1)
    # No terminal: one line, and no control characters.
    assert re.fullmatch(r"training with labels: [\d.]+ s, \d+ epochs/s\n", capsys.readouterr().out)
