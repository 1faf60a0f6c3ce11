import numpy as np
import pytest

from keras_ssl.backbones import mlp


def test_is_dense_normalization_relu(rng):
    model = mlp((2, 3, 1), units=(5, 4))
    pixels = rng.integers(0, 256, (3, 2, 3, 1), "uint8")
    x = pixels.reshape(3, 6) / 127.5 - 1
    for name in ("layer1", "layer2"):
        dense, norm = model.get_layer(f"{name}_dense"), model.get_layer(f"{name}_bn")
        # Fresh moving statistics are 0 and 1, so inference only divides by sqrt(1 + epsilon).
        x = np.maximum(x @ dense.kernel.numpy() / np.sqrt(1 + norm.epsilon), 0)
    np.testing.assert_allclose(model(pixels), x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("units", [(), 64, (64, -1)])
def test_refuses_units_that_are_none(units):
    with pytest.raises(ValueError, match="Received: units="):
        mlp((8, 8, 1), units=units)
