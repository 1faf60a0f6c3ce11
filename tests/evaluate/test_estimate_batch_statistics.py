import keras
import numpy as np
import pytest

from keras_ssl import backbones
from keras_ssl.evaluate import estimate_batch_statistics


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (30, 8, 8, 1), "uint8")


@pytest.fixture
def encoder():
    return backbones.small_cnn((8, 8, 1), filters=(4, 8))


def norms(encoder):
    return [layer for layer in encoder.layers if hasattr(layer, "moving_mean")]


def test_they_are_those_of_all_images(encoder, images):
    """The first normalization sees the same activations whatever the batches, so its statistics are exact."""
    estimate_batch_statistics(encoder, images, batch_size=10)
    first = norms(encoder)[0]
    activations = keras.Model(encoder.input, first.input).predict(images, verbose=0)
    np.testing.assert_allclose(first.moving_mean, activations.mean((0, 1, 2)), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(first.moving_variance, activations.var((0, 1, 2)), rtol=1e-3)


def test_nothing_else_changes(encoder, images):
    before = [weight.numpy() for weight in encoder.trainable_weights]
    momenta = [layer.momentum for layer in norms(encoder)]
    estimate_batch_statistics(encoder, images)
    assert [layer.momentum for layer in norms(encoder)] == momenta
    for old, new in zip(before, encoder.trainable_weights, strict=True):
        np.testing.assert_array_equal(old, new)


def test_frozen_layers_keep_theirs(encoder, images):
    frozen, learning = norms(encoder)
    frozen.trainable = False
    estimate_batch_statistics(encoder, images)
    np.testing.assert_array_equal(frozen.moving_mean, np.zeros(4))
    assert np.ptp(learning.moving_mean) > 0


def test_an_encoder_without_batch_normalization_is_left_alone(images):
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(4)])
    before = encoder.get_weights()
    estimate_batch_statistics(encoder, images)
    for old, new in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_no_images_and_momenta_are_as_before(encoder, images):
    with pytest.raises(ValueError, match="no images"):
        estimate_batch_statistics(encoder, images[:0])
    assert {layer.momentum for layer in norms(encoder)} == {0.9}
