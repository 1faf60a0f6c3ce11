import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import SimMIM
from keras_ssl.backbones import mlp, resnet18, small_cnn, vit, wrap


def build(shape=(8, 8, 1), **arguments):
    return SimMIM(small_cnn(shape, filters=(4, 8)), **{"mask_size": 2, **arguments})


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8")


@pytest.mark.parametrize("ratio, size, squares", [(0.6, 2, 10), (0.5, 4, 2), (0.6, 1, 38)])
def test_masks_the_ratios_share_of_random_squares_in_gray(images, ratio, size, squares):
    model = build(mask_ratio=ratio, mask_size=size)
    gray = model.mask_images(images) == 127.5
    places = gray.reshape(6, 8 // size, size, 8 // size, size)
    assert (places.all(axis=(2, 4)) == places.any(axis=(2, 4))).all()
    assert (gray.sum(axis=(1, 2, 3)) == squares * size**2).all()
    assert len({row.tobytes() for row in gray}) > 1
    assert (gray != (model.mask_images(images, seed=1) == 127.5)).any()


def test_the_loss_is_the_papers(images):
    """Equation 1, on what the head makes of the feature map of the masked image."""
    model = build()
    masked = model.mask_images(images)
    features = model.encoder.get_layer("stage2").output
    head = keras.Model(model.encoder.input, model.pixel_head(features))(masked).numpy()
    predictions = head.reshape(6, 4, 4, 2, 2).transpose(0, 1, 3, 2, 4).reshape(6, 8, 8, 1)
    error = np.abs(predictions - (images / 127.5 - 1))[masked == 127.5].mean()
    np.testing.assert_allclose(model.forward(images.astype("float32"), training=False)[0], error, rtol=1e-4)
    filled = model.reconstruct(images)
    expected = np.where(masked == 127.5, np.clip((predictions + 1) * 127.5, 0, 255), images)
    np.testing.assert_allclose(filled, expected, atol=0.01)
    assert filled.dtype == np.float32


def test_masked_pixels_are_not_seen(images, rng):
    model = build()
    hidden = model.mask_images(images) == 127.5
    changed = np.where(hidden, rng.integers(0, 256, images.shape), images).astype("uint8")
    np.testing.assert_array_equal(model.reconstruct(images)[hidden], model.reconstruct(changed)[hidden])


@pytest.mark.parametrize(
    "encoder, stride",
    [
        (lambda: small_cnn((8, 12, 3), filters=(4, 8, 8)), 4),
        (lambda: resnet18((16, 16, 3), width=4), 8),
        (lambda: wrap(keras.Model(*_convolution((8, 8, 3)))), 2),
    ],
    ids=["small_cnn", "resnet18", "wrapped"],
)
def test_finds_the_last_feature_map(encoder, stride, rng):
    encoder = encoder()
    model = SimMIM(encoder, mask_size=2)
    assert model.stride == stride
    images = rng.integers(0, 256, (2, *encoder.input_shape[1:]), dtype="uint8")
    assert model.reconstruct(images).shape == images.shape
    with tf.GradientTape() as tape:
        loss, _ = model.forward(images.astype("float32"), training=True)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    assert all(gradient is not None for gradient in gradients)


def _convolution(shape):
    images = keras.Input(shape)
    return images, keras.layers.Conv2D(4, 3, strides=2, padding="same")(images)


def test_dense_layers_behind_the_feature_map_do_not_hinder():
    images, features = _convolution((8, 8, 1))
    features = keras.layers.Dense(3)(keras.layers.Flatten()(features))
    assert SimMIM(keras.Model(images, features), mask_size=2).stride == 2
    layers = [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, padding="same"), keras.layers.Flatten()]
    assert SimMIM(keras.Sequential(layers), mask_size=2).stride == 1


@pytest.mark.parametrize(
    "encoder",
    [
        lambda: mlp((8, 8, 1), units=(4,)),
        lambda: vit((8, 8, 1), 2, width=8, depth=1, heads=2),
        lambda: keras.Sequential([keras.Input((8, 8, 1)), small_cnn((8, 8, 1), filters=(4,))]),
    ],
    ids=["mlp", "vit", "nested"],
)
def test_refuses_an_encoder_without_a_feature_map(encoder):
    with pytest.raises(ValueError, match=r"last feature map.*Received: encoder="):
        SimMIM(encoder(), mask_size=2)


@pytest.mark.parametrize(
    "shape, arguments, message",
    [
        ((8, 8, 1), {"mask_size": 3}, r"divides.*Received: mask_size=3, encoder.input_shape=\(None, 8, 8, 1\)"),
        ((8, 8, 1), {"mask_size": 0}, "mask_size must be a positive integer"),
        ((8, 8, 1), {"mask_ratio": 1.5}, "above 0 and below 1. Received: mask_ratio=1.5"),
        ((8, 8, 1), {"mask_size": 8}, "Of 1 patches.*Received: mask_ratio=0.6"),
        ((9, 9, 1), {"mask_size": 3}, r"(?s)stride divides.*a feature map of shape \(None, 4, 4, 8\)"),
    ],
)
def test_says_what_is_wrong(shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(shape, **arguments)
