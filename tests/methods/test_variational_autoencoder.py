import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import backbones, losses


@pytest.fixture
def encoder():
    return backbones.mlp((4, 4, 1), (6,), linear_output=True)


@pytest.fixture
def views(rng):
    return tf.constant(rng.uniform(0, 255, (5, 4, 4, 1)), tf.float32)


@pytest.mark.parametrize("name, likelihood", [("mse", "gaussian_likelihood"), ("bce", "bernoulli_likelihood")])
def test_the_loss_is_the_negative_evidence_lower_bound(encoder, views, name, likelihood):
    model = keras_ssl.VariationalAutoencoder(encoder, 3, beta=2.0, reconstruction_loss=name)
    loss, logs = model.forward(views, training=False)
    mean, log_variance = model.latent_distribution(views)
    z = mean + tf.exp(log_variance / 2) * model.draws(training=False).normal(5, 3)
    surprise = getattr(losses, likelihood)(views / 255, model.decoder(z))
    kl = losses.gaussian_kl(mean, log_variance)
    np.testing.assert_allclose(loss, surprise + 2 * kl / 16, rtol=1e-5)
    np.testing.assert_allclose(logs["kl"], kl, rtol=1e-5)


def test_the_divergences_weight_grows_over_the_warm_up(encoder):
    model = keras_ssl.VariationalAutoencoder(encoder, 3, beta=4.0, warmup_steps=10)
    weights = []
    for step in (0, 5, 10, 20):
        model.step.assign(step)
        weights.append(float(model.current_beta()))
    assert weights == [0.0, 2.0, 4.0, 4.0]
    assert float(keras_ssl.VariationalAutoencoder(encoder, 3, beta=4.0).current_beta()) == 4.0


def test_samples_come_from_the_prior_and_repeat(encoder):
    model = keras_ssl.VariationalAutoencoder(encoder, 3)
    images = model.sample(7, seed=1)
    assert images.shape == (7, 4, 4, 1) and images.min() >= 0 and images.max() <= 255
    np.testing.assert_allclose(model.sample(7, seed=1, batch_size=2), images, atol=1e-3)
    assert np.any(model.sample(7, seed=2) != images)
    np.testing.assert_allclose(images, model.decode(keras_ssl.augment.Draws((1, 0)).normal(7, 3)), atol=1e-3)


def test_it_rebuilds_from_the_mean(encoder, views):
    model = keras_ssl.VariationalAutoencoder(encoder, 3)
    mean, _ = model.latent_distribution(views)
    np.testing.assert_allclose(model.encode(views), mean)
    np.testing.assert_allclose(model.reconstruct(views), model.decode(mean), atol=1e-3)


def test_it_learns_to_rebuild_and_more_beta_means_less_information(rng):
    images = np.repeat(rng.integers(0, 256, (4, 4, 4, 1), dtype="uint8"), 16, axis=0)
    kl = {}
    for beta in (0.1, 10.0):
        keras.utils.set_random_seed(0)
        encoder = backbones.mlp((4, 4, 1), (6,), linear_output=True)
        model = keras_ssl.VariationalAutoencoder(encoder, 3, beta=beta)
        model.compile(keras.optimizers.Adam(0.01))
        history = model.fit(images, batch_size=16, epochs=60, verbose=0).history
        assert history["reconstruction_error"][-1] < 0.7 * history["reconstruction_error"][0]
        kl[beta] = history["kl"][-1]
    assert kl[10.0] < 0.5 * kl[0.1]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"latent_dim": 0}, "latent_dim must be a positive integer. Received: latent_dim=0"),
        ({"beta": -1}, "Received: beta=-1"),
        ({"warmup_steps": -1}, "Received: warmup_steps=-1"),
        ({"reconstruction_loss": "ssim"}, "distribution.*Received: reconstruction_loss='ssim'"),
    ],
)
def test_bad_arguments_are_named(encoder, arguments, message):
    with pytest.raises(ValueError, match=message):
        keras_ssl.VariationalAutoencoder(encoder, **arguments)
