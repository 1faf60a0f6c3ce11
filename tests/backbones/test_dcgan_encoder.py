import keras
import numpy as np
import pytest

from keras_ssl.backbones import dcgan_discriminator, dcgan_encoder


def test_features_are_the_largest_values_in_the_cells_of_each_map(rng):
    discriminator = dcgan_discriminator((16, 16, 3), (4, 6))
    images = rng.uniform(0, 255, (5, 16, 16, 3))
    features = np.asarray(dcgan_encoder(discriminator, grid=2)(images))
    maps = [keras.Model(discriminator.input, discriminator.get_layer(f"stage{i}").output)(images) for i in (1, 2)]
    cells = [np.asarray(m).reshape(5, 2, m.shape[1] // 2, 2, m.shape[2] // 2, -1).max(axis=(2, 4)) for m in maps]
    np.testing.assert_allclose(features, np.concatenate([c.reshape(5, -1) for c in cells], axis=1), rtol=1e-5)


@pytest.mark.parametrize(
    ("shape", "grid", "count"),
    [((32, 32, 3), 4, 16 * 28), ((32, 32, 3), 1, 28), ((8, 8, 1), 4, 16 * 4 + 4 * 8 + 16), ((28, 20, 1), 2, 4 * 28)],
)
def test_small_maps_have_no_more_cells_than_pixels(shape, grid, count):
    encoder = dcgan_encoder(dcgan_discriminator(shape, (4, 8, 16)), grid)
    assert encoder.output_shape == (None, count)


def test_the_papers_own_number_of_features():
    encoder = dcgan_encoder(dcgan_discriminator((32, 32, 3), (256, 512, 1024)), grid=4)
    assert encoder.output_shape == (None, 28672)  # section 5.1


def test_shares_the_discriminators_weights():
    discriminator = dcgan_discriminator((8, 8, 1), (2, 2, 2))
    encoder = dcgan_encoder(discriminator)
    own = {id(weight) for weight in encoder.weights}
    assert own < {id(weight) for weight in discriminator.weights} and len(own) == len(discriminator.weights) - 2


@pytest.mark.parametrize("spectral_normalization", [False, True])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_float32_features_under_every_policy(policy, spectral_normalization, rng):
    keras.config.set_dtype_policy(policy)
    discriminator = dcgan_discriminator((8, 8, 1), (2, 4), spectral_normalization=spectral_normalization)
    features = dcgan_encoder(discriminator)(rng.integers(0, 256, (3, 8, 8, 1), "uint8"))
    assert features.dtype == "float32" and np.isfinite(features).all()


def test_any_convolutions_will_do(rng):
    nested = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(3, 3, activation="relu")])
    discriminator = keras.Sequential(
        [keras.Input((8, 8, 1)), nested, keras.layers.MaxPooling2D(3), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    features = dcgan_encoder(discriminator, grid=1)(rng.uniform(0, 255, (2, 8, 8, 1)))
    assert features.shape == (2, 6)  # of the map before and after the pooling


@pytest.mark.parametrize(
    "discriminator",
    [
        lambda: keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]),
        lambda: keras.Model(),
    ],
    ids=["dense", "subclass"],
)
def test_says_where_there_are_no_maps(discriminator):
    with pytest.raises(ValueError, match="feature maps.*Received: discriminator="):
        dcgan_encoder(discriminator())


def test_the_grid_has_cells():
    with pytest.raises(ValueError, match="grid=0"):
        dcgan_encoder(dcgan_discriminator((8, 8, 1), (2, 2)), grid=0)
