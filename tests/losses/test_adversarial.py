import math

import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import discriminator_loss, generator_loss, r1_penalty


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_is_the_papers_equation(rng, smoothing):
    real, fake = rng.normal(size=(2, 7, 1))
    d_real, d_fake = sigmoid(real), sigmoid(fake)
    expected = -np.mean((1 - smoothing) * np.log(d_real) + smoothing * np.log(1 - d_real)) - np.mean(
        np.log(1 - d_fake)
    )
    np.testing.assert_allclose(discriminator_loss(real, fake, smoothing), expected, rtol=1e-5)
    np.testing.assert_allclose(generator_loss(fake), -np.mean(np.log(d_fake)), rtol=1e-5)


def test_a_discriminator_that_cannot_tell():
    nothing = tf.zeros((4, 1))
    assert float(discriminator_loss(nothing, nothing)) == pytest.approx(2 * math.log(2))
    assert float(generator_loss(nothing)) == pytest.approx(math.log(2))


def test_gradients_are_the_errors_of_the_probabilities(rng):
    real, fake = (tf.constant(rng.normal(size=(5, 1)), tf.float32) for _ in range(2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch((real, fake))
        loss, generators = discriminator_loss(real, fake, 0.1), generator_loss(fake)
    np.testing.assert_allclose(tape.gradient(loss, real), (sigmoid(real.numpy()) - 0.9) / 5, atol=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, fake), sigmoid(fake.numpy()) / 5, atol=1e-6)
    np.testing.assert_allclose(tape.gradient(generators, fake), (sigmoid(fake.numpy()) - 1) / 5, atol=1e-6)


def test_smoothing_is_least_where_the_discriminator_says_the_target():
    logits = tf.linspace(-4.0, 6.0, 2001)
    losses = [float(discriminator_loss(logit[None], tf.constant([-50.0]), 0.1)) for logit in logits]
    assert sigmoid(logits[int(np.argmin(losses))]) == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_stays_finite_in_float32_where_one_side_is_sure(dtype):
    sure = tf.constant([[300.0]], dtype)
    for loss in (discriminator_loss(sure, -sure), discriminator_loss(-sure, sure), generator_loss(-sure)):
        assert loss.dtype == tf.float32 and np.isfinite(loss)
    assert float(generator_loss(-sure)) == 300


def test_r1_penalty_is_the_papers_equation(rng):
    gradients = rng.normal(size=(3, 4, 5, 2))
    expected = 0.5 * np.mean([np.linalg.norm(gradient) ** 2 for gradient in gradients])
    np.testing.assert_allclose(r1_penalty(gradients), expected, rtol=1e-5)


def test_r1_penalty_a_linear_discriminator_it_is_half_the_squared_norm(rng):
    images, weights = tf.constant(rng.normal(size=(6, 8))), tf.Variable(rng.normal(size=(8, 1)))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = images @ weights
        penalty = r1_penalty(tape.gradient(logits, images))
    assert float(penalty) == pytest.approx(0.5 * np.sum(weights.numpy() ** 2), rel=1e-5)
    np.testing.assert_allclose(outer.gradient(penalty, weights), weights, rtol=1e-5)


def test_r1_penalty_computes_in_float32():
    penalty = r1_penalty(tf.fill((2, 8), tf.constant(200.0, tf.float16)))  # 8 * 200² is no float16
    assert penalty.dtype == tf.float32 and float(penalty) == 160_000
