"""What the methods with a decoder share, on the plain autoencoder."""

import keras
import numpy as np
import pytest

import keras_ssl
from keras_ssl import backbones


@pytest.fixture
def encoder():
    return backbones.conv_encoder((8, 8, 1), (4,), units=3)


def decoder_to(shape, codes=3):
    layers = [keras.Input((codes,)), keras.layers.Dense(int(np.prod(shape))), keras.layers.Reshape(shape)]
    return keras.Sequential(layers)


def test_reconstructions_are_raw_pixels_whatever_the_batch_size(encoder, rng):
    images = rng.integers(0, 256, (5, 8, 8, 1), dtype="uint8")
    model = keras_ssl.Autoencoder(encoder)
    whole = model.reconstruct(images)
    assert whole.shape == images.shape and whole.dtype == np.float32
    assert whole.min() >= 0 and whole.max() <= 255
    np.testing.assert_allclose(model.reconstruct(images.astype("float32"), batch_size=2), whole, atol=1e-3)
    expected = 255 * np.clip(model.decoder(encoder(images)), 0, 1)
    np.testing.assert_allclose(whole, expected, atol=1e-3)


def test_logits_become_pixels_by_the_sigmoid(encoder, rng):
    model = keras_ssl.Autoencoder(encoder, reconstruction_loss="bce")
    images = rng.integers(0, 256, (2, 8, 8, 1), dtype="uint8")
    logits = np.asarray(model.decoder(encoder(images)))
    np.testing.assert_allclose(model.reconstruct(images), 255 / (1 + np.exp(-logits)), atol=1e-2)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"decoder": decoder_to((8, 8, 3))}, "None, 8, 8, 1.*Received: decoder.output_shape=.None, 8, 8, 3"),
        ({"decoder": decoder_to((8, 8, 1), codes=4)}, "None, 3.*Received: decoder.input_shape=.None, 4"),
        ({"decoder": "mirror"}, "Received: decoder='mirror'"),
        ({"reconstruction_loss": "mae"}, "'mse', 'bce', 'ssim'.*Received: reconstruction_loss='mae'"),
    ],
)
def test_what_does_not_fit_is_named_with_both_shapes(encoder, arguments, message):
    with pytest.raises(ValueError, match=message):
        keras_ssl.Autoencoder(encoder, **arguments)


@pytest.mark.parametrize("shape", [(5, 8, 8, 3), (5, 8, 8), (0, 8, 8, 1)])
def test_only_the_encoders_images_can_be_rebuilt(encoder, shape):
    with pytest.raises(ValueError, match="Received"):
        keras_ssl.Autoencoder(encoder).reconstruct(np.zeros(shape, "uint8"))
