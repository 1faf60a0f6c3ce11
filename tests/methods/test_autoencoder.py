import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import augment, backbones


@pytest.fixture
def encoder():
    return backbones.mlp((4, 4, 1), (6,), linear_output=True)


@pytest.fixture
def views(rng):
    return tf.constant(rng.uniform(0, 255, (5, 4, 4, 1)), tf.float32)


def test_the_loss_is_the_squared_error_of_the_rebuilt_image(encoder, views):
    model = keras_ssl.Autoencoder(encoder)
    loss, logs = model.forward(views, training=False)
    np.testing.assert_allclose(loss, np.mean(np.square(views / 255 - model.decoder(encoder(views)))), rtol=1e-5)
    np.testing.assert_allclose([logs["reconstruction_error"], logs["penalty"]], [loss, 0])


def test_a_denoising_one_sees_noise_and_must_give_the_clean_image(encoder, views):
    model = keras_ssl.Autoencoder(encoder, denoise="masking")
    corrupted = model.corrupt(views, training=True)
    kept = np.asarray(corrupted == views)
    assert 0.5 < kept.mean() < 0.95 and np.all(np.asarray(corrupted)[~kept] == 0)
    loss, _ = model.forward(views, training=True)
    rebuilt = model.decoder(encoder(corrupted, training=True), training=True)
    np.testing.assert_allclose(loss, np.mean(np.square(views / 255 - rebuilt)), rtol=1e-5)
    model.step.assign_add(1)
    assert np.any(model.corrupt(views, training=True) != corrupted)
    np.testing.assert_array_equal(model.corrupt(views, training=False), model.corrupt(views, training=False))


@pytest.mark.parametrize("denoise", [augment.RandomNoise(5), augment.compose([augment.RandomNoise(5)])])
def test_any_layer_can_be_the_noise(encoder, views, denoise):
    model = keras_ssl.Autoencoder(encoder, denoise=denoise)
    difference = np.asarray(model.corrupt(views, training=True) - views)
    assert 1 < difference.std() < 8


@pytest.mark.parametrize("sparsity, loss", [("l1", "l1_sparsity"), ("kl", "kl_sparsity")])
def test_sparsity_adds_its_penalty_on_the_code(encoder, views, sparsity, loss):
    model = keras_ssl.Autoencoder(encoder, sparsity=sparsity, sparsity_weight=0.5)
    _, logs = model.forward(views, training=False)
    np.testing.assert_allclose(logs["penalty"], 0.5 * getattr(keras_ssl.losses, loss)(encoder(views)), rtol=1e-5)


def test_contraction_adds_its_penalty_on_the_jacobian(views):
    images = keras.Input((4, 4, 1))
    scaled = keras.layers.Rescaling(1 / 255)(images)
    encoder = keras.Model(images, keras.layers.Dense(6)(keras.layers.Flatten()(scaled)))
    model = keras_ssl.Autoencoder(encoder, contractive_weight=2.0)
    many = tf.repeat(views, 2000, axis=0)
    _, logs = model.forward(many, training=False)
    expected = 2 * np.square(encoder.layers[-1].kernel).sum() / 6
    np.testing.assert_allclose(logs["penalty"], expected, rtol=0.1)


def test_it_learns_to_rebuild_and_sparsity_makes_the_code_sparse(rng):
    images = np.repeat(rng.integers(0, 256, (4, 4, 4, 1), dtype="uint8"), 16, axis=0)
    spreads = {}
    for weight in (0.0, 1.0):
        keras.utils.set_random_seed(0)
        encoder = backbones.mlp((4, 4, 1), (6,), linear_output=True)
        model = keras_ssl.Autoencoder(encoder, sparsity="l1", sparsity_weight=weight)
        model.compile(keras.optimizers.Adam(0.01))
        history = model.fit(images, batch_size=16, epochs=40, verbose=0).history["reconstruction_error"]
        assert history[-1] < 0.3 * history[0] or weight
        spreads[weight] = np.abs(model.predict(images, verbose=0)).mean()
    assert spreads[1.0] < 0.5 * spreads[0.0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"denoise": "salt"}, "'gaussian', 'masking'.*Received: denoise='salt'"),
        ({"sparsity": "l2"}, "'l1', 'kl'.*Received: sparsity='l2'"),
        ({"sparsity_target": 1.0}, "Received: sparsity_target=1.0"),
        ({"sparsity_weight": -1}, "Received: sparsity_weight=-1"),
        ({"contractive_weight": -1}, "Received: contractive_weight=-1"),
    ],
)
def test_options_that_do_not_exist_are_named(encoder, arguments, message):
    with pytest.raises(ValueError, match=message):
        keras_ssl.Autoencoder(encoder, **arguments)
