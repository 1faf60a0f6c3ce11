import numpy as np
import pytest

from keras_ssl.backbones import dense_autoencoder


def test_partners_bear_the_same_name_and_width():
    encoder, decoder = dense_autoencoder((8, 8, 1), (30, 20, 10))
    assert [layer.units for layer in encoder.layers if layer.weights] == [30, 20, 10]
    assert [layer.units for layer in decoder.layers if layer.weights] == [20, 30, 64]
    for name in ("hidden1", "hidden2"):
        assert encoder.get_layer(name).output.shape == decoder.get_layer(name).output.shape
        assert encoder.get_layer(name) is not decoder.get_layer(name)


def test_tied_weights_are_the_encoders_transposed(rng):
    encoder, decoder = dense_autoencoder((2, 2, 1), (3, 2), activation="linear", tied_weights=True)
    assert sum(weight.shape.num_elements() for weight in decoder.weights) == 3 + 4  # biases alone
    first, second = (encoder.get_layer(name).kernel.numpy() for name in ("hidden1", "features"))
    codes = rng.normal(size=(5, 2)).astype("float32")
    np.testing.assert_allclose(np.reshape(decoder(codes), (5, 4)), codes @ second.T @ first.T, rtol=1e-4, atol=1e-6)


def test_one_layer_is_an_autoencoder_too():
    encoder, decoder = dense_autoencoder((4, 4, 3), (5,))
    assert encoder.output_shape == (None, 5) and decoder.output_shape == (None, 4, 4, 3)


@pytest.mark.parametrize("units", [(), (3, 0), 5])
def test_bad_units_are_named(units):
    with pytest.raises(ValueError, match="Received: units="):
        dense_autoencoder((4, 4, 1), units)
