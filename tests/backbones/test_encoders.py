"""What every encoder of ours promises."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.backbones import mlp, resnet18, small_cnn, vit

ENCODERS = {
    "mlp": lambda shape: mlp(shape, units=(16, 8)),
    "small_cnn": lambda shape: small_cnn(shape, filters=(4, 8, 8)),
    "resnet18": lambda shape: resnet18(shape, width=4),
    "vit": lambda shape: vit(shape, patch_size=1, width=8, depth=1, heads=2),
}
FEATURES = {"mlp": 8, "small_cnn": 8, "resnet18": 32, "vit": 8}


@pytest.fixture(params=ENCODERS)
def name(request):
    return request.param


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 13, 3), (16, 16, 13)])
def test_float32_features_of_any_channels(name, shape, rng):
    encoder = ENCODERS[name](shape)
    features = encoder(rng.integers(0, 256, (2, *shape), "uint8"))
    assert features.shape == (2, FEATURES[name]) == (2, encoder.output_shape[-1])
    assert features.dtype == "float32"
    assert np.isfinite(features).all()


def test_uint8_and_float_pixels_are_the_same(name, rng):
    encoder = ENCODERS[name]((8, 8, 3))
    pixels = rng.integers(0, 256, (4, 8, 8, 3), "uint8")
    np.testing.assert_array_equal(encoder(pixels), encoder(pixels.astype("float32")))
    np.testing.assert_allclose(encoder.predict(pixels, verbose=0), encoder(pixels), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["small_cnn", "resnet18", "vit"])
def test_pixels_are_scaled_to_plus_minus_one_inside(name):
    encoder = ENCODERS[name]((8, 8, 3))
    scaled = keras.Model(encoder.input, encoder.get_layer("rescaling").output)
    pixels = np.stack([np.full((8, 8, 3), value, "uint8") for value in (0, 51, 255)])
    np.testing.assert_allclose(scaled(pixels)[:, 0, 0, 0], [-1.0, -0.6, 1.0], atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_computes_in_half_and_answers_in_float32(name, policy, rng):
    pixels = rng.integers(0, 256, (8, 8, 8, 3), "uint8")
    reference = ENCODERS[name]((8, 8, 3))
    keras.config.set_dtype_policy(policy)
    encoder = ENCODERS[name]((8, 8, 3))
    encoder.set_weights(reference.get_weights())
    features = encoder(pixels)
    assert features.dtype == "float32"
    blocks = [layer for layer in encoder._flatten_layers() if layer.name.endswith(("_bn", "_mlp_hidden"))]
    assert {layer.compute_dtype for layer in blocks} == {policy[6:]}
    np.testing.assert_allclose(features, reference(pixels), rtol=0.1, atol=0.05)


def test_the_seed_decides_the_weights(name):
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return ENCODERS[name]((8, 8, 3)).get_weights()

    for first, again in zip(weights(1), weights(1), strict=True):
        np.testing.assert_array_equal(first, again)
    assert any(np.any(first != other) for first, other in zip(weights(1), weights(2), strict=True))


def test_no_two_layers_start_alike(name):
    kernels = [weight.numpy() for weight in ENCODERS[name]((8, 8, 3)).trainable_weights if len(weight.shape) > 1]
    starts = {kernel.tobytes() for kernel in kernels}
    assert len(starts) == len(kernels)


def test_saves_and_loads_with_its_statistics(name, rng, tmp_path):
    encoder = ENCODERS[name]((8, 8, 3))
    pixels = rng.integers(0, 256, (8, 8, 8, 3), "uint8")
    encoder(pixels, training=True)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(pixels), encoder(pixels))


def test_every_weight_gets_a_gradient(name, rng):
    encoder = ENCODERS[name]((16, 16, 3))
    pixels = rng.integers(0, 256, (8, 16, 16, 3), "uint8")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(encoder(pixels, training=True) ** 2)
    gradients = tape.gradient(loss, [weight.value for weight in encoder.trainable_weights])
    assert all(gradient is not None and np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize(
    "shape, message",
    [
        ((None, 8, 8, 3), "without the batch dimension"),
        ((28, 28), r"\(height, width, 1\) for gray images"),
        ((None, None, 3), "three positive integers"),
        ((8, 8, 0), "three positive integers"),
        ((8.0, 8.0, 3), "three positive integers"),
        (32, "three positive integers"),
    ],
)
def test_says_what_is_wrong_with_the_shape(name, shape, message):
    with pytest.raises(ValueError, match=message + r"(.|\n)*Received: image_shape="):
        ENCODERS[name](shape)
