import random
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import backbones
from keras_ssl.evaluate import few_label, knn, random_baseline, random_encoder, raw_pixels


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (40, 8, 8, 1), "uint8")


def kernels(model):
    return [w.numpy() for w in model.weights if "kernel" in w.path]


def test_raw_pixels_are_flat_with_mid_gray_at_the_origin(images):
    features, labels = raw_pixels((images, np.arange(40)), batch_size=16)
    np.testing.assert_allclose(features, images.reshape(40, 64) / 127.5 - 1, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(labels, np.arange(40))


def test_weights_are_a_function_of_the_seed_even_where_the_initialiser_has_its_own(encoder, images):
    first, again, other = (random_encoder(encoder, images, seed) for seed in (1, 1, 2))
    for a, b, c, trained in zip(kernels(first), kernels(again), kernels(other), kernels(encoder), strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.isclose(a, c).any()
        assert not np.isclose(a, trained).any()


def test_weights_are_drawn_from_the_encoder_s_distribution(images):
    inputs = keras.Input((8, 8, 1))
    outputs = keras.layers.Dense(400, kernel_initializer=keras.initializers.RandomNormal(2.0, 0.1, seed=1))(
        keras.layers.Flatten()(inputs)
    )
    (kernel,) = kernels(random_encoder(keras.Model(inputs, outputs), images))
    assert kernel.mean() == pytest.approx(2.0, abs=0.01) and kernel.std() == pytest.approx(0.1, rel=0.05)


def test_the_encoder_and_global_random_state_are_left_alone(encoder, images):
    encoder.trainable = False
    before, state = encoder.get_weights(), random.getstate()
    random_encoder(encoder, images)
    assert random.getstate() == state and not encoder.trainable
    for old, new in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("frozen", [False, True])
def test_batch_norm_gets_the_statistics_of_all_images(encoder, images, frozen):
    """The first normalization sees the same activations whatever the batches, so its statistics are exact."""
    encoder.trainable = not frozen
    fresh = random_encoder(encoder, images, batch_size=10)
    norm = next(layer for layer in fresh.layers if hasattr(layer, "moving_mean"))
    activations = keras.Model(fresh.input, norm.input).predict(images, verbose=0)
    np.testing.assert_allclose(norm.moving_mean, activations.mean((0, 1, 2)), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, activations.var((0, 1, 2)), rtol=1e-3)
    assert norm.momentum == 0.99


def test_fused_batch_norm_is_estimated_too(images):
    """With one batch, what a random encoder does in training is what it does in inference."""
    fresh = random_encoder(backbones.small_cnn((8, 8, 1), filters=(4, 8)), images)
    np.testing.assert_allclose(fresh(images), fresh(images, training=True), rtol=1e-3, atol=1e-4)


def test_adapted_preprocessing_is_kept(images):
    normalization = keras.layers.Normalization(axis=-1)
    normalization.adapt(images.astype("float32"))
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Dense(3)(keras.layers.Flatten()(normalization(inputs)))
    fresh = random_encoder(keras.Model(inputs, x), images)
    np.testing.assert_allclose(fresh.layers[1](images), normalization(images), rtol=1e-6)


@keras.saving.register_keras_serializable("tests")
class Remembers(keras.initializers.Initializer):
    """Like a layer that downloads its pretrained weights whenever it is built."""

    def __call__(self, shape, dtype=None, **kwargs):
        return keras.random.normal(shape, seed=5)


def test_weights_that_come_back_are_reported(images):
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Dense(3, kernel_initializer=Remembers())(keras.layers.Flatten()(inputs))
    with pytest.raises(ValueError, match="dense.*/kernel unchanged"):
        random_encoder(keras.Model(inputs, x), images)


def test_a_model_that_keras_cannot_rebuild_is_reported(images):
    class Local(keras.Model):
        def __init__(self, width):
            super().__init__()
            self.dense = keras.layers.Dense(width)

        def call(self, x):
            return self.dense(keras.ops.reshape(x, (-1, 64)))

    encoder = Local(3)
    encoder(images.astype("float32"))
    with pytest.raises(ValueError, match="register_keras_serializable"):
        random_encoder(encoder, images)


def test_baseline_is_mean_and_deviation_over_encoders(encoder, images):
    labels = np.arange(40) % 2
    train, test = (images[:24], labels[:24]), (images[24:], labels[24:])
    score = random_baseline(encoder, train, test, partial(knn, k=3), seeds=3)

    def one(seed):
        fresh = random_encoder(encoder, train, seed)
        x, x_test = (fresh.predict(part[0], verbose=0) for part in (train, test))
        return knn((x, train[1]), (x_test, test[1]), k=3).accuracy

    accuracies = [one(seed) for seed in range(3)]
    assert score.accuracy == pytest.approx(np.mean(accuracies))
    assert score.deviation == pytest.approx(np.std(accuracies, ddof=1))
    assert "3 encoders with random weights" in score.protocol and score.settings["random_encoders"] == 3


def test_baseline_of_several_scores_keeps_their_keys(encoder, images):
    dataset = tf.data.Dataset.from_tensor_slices((images, np.arange(40) % 2)).batch(16)
    scores = random_baseline(
        encoder, dataset, dataset, partial(few_label, labels_per_class=(1, 2), repeats=2), seeds=2
    )
    assert list(scores) == [1, 2] and scores[2].name == "2 labels per class"


def test_baseline_needs_an_encoder(encoder, images):
    with pytest.raises(ValueError, match="seeds=0"):
        random_baseline(encoder, images, images, seeds=0)
