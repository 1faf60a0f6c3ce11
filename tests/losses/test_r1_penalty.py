import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import r1_penalty


def test_is_the_papers_equation(rng):
    gradients = rng.normal(size=(3, 4, 5, 2))
    expected = 0.5 * np.mean([np.linalg.norm(gradient) ** 2 for gradient in gradients])
    np.testing.assert_allclose(r1_penalty(gradients), expected, rtol=1e-5)


def test_of_a_linear_discriminator_it_is_half_the_squared_norm(rng):
    images, weights = tf.constant(rng.normal(size=(6, 8))), tf.Variable(rng.normal(size=(8, 1)))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = images @ weights
        penalty = r1_penalty(tape.gradient(logits, images))
    assert float(penalty) == pytest.approx(0.5 * np.sum(weights.numpy() ** 2), rel=1e-5)
    np.testing.assert_allclose(outer.gradient(penalty, weights), weights, rtol=1e-5)


def test_computes_in_float32():
    penalty = r1_penalty(tf.fill((2, 8), tf.constant(200.0, tf.float16)))  # 8 * 200² is no float16
    assert penalty.dtype == tf.float32 and float(penalty) == 160_000
