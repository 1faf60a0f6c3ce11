import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.layers import Prototypes


def model(units=3):
    return keras.Sequential([keras.Input((4,)), Prototypes(units)])


def columns(layer):
    return np.linalg.norm(layer.kernel, axis=0)


def test_scores_are_cosines(rng):
    x = rng.normal(size=(5, 4)).astype("float32")
    prototypes = model()
    kernel = np.asarray(prototypes.layers[0].kernel)
    expected = x @ kernel / np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(prototypes(x), expected, atol=1e-6)
    np.testing.assert_allclose(columns(prototypes.layers[0]), 1, rtol=1e-6)


def step(prototypes, optimizer, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(prototypes(x)))
    weights = prototypes.trainable_weights
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


def test_stay_at_length_one_through_training(rng):
    x = tf.constant(rng.normal(size=(5, 4)), tf.float32)
    prototypes, optimizer = model(), keras.optimizers.SGD(0.5)
    before = np.asarray(prototypes.layers[0].kernel)
    step(prototypes, optimizer, x)
    np.testing.assert_allclose(columns(prototypes.layers[0]), 1, rtol=1e-5)
    assert np.abs(prototypes.layers[0].kernel - before).max() > 0.01


def test_stay_at_length_one_on_replicas(rng, two_replicas):
    x = tf.constant(rng.normal(size=(5, 4)), tf.float32)
    with two_replicas.scope():
        prototypes, optimizer = model(), keras.optimizers.SGD(0.5)
    two_replicas.run(tf.function(lambda: step(prototypes, optimizer, x)))
    for copy in two_replicas.experimental_local_results(prototypes.layers[0].kernel.value):
        np.testing.assert_allclose(np.linalg.norm(copy, axis=0), 1, rtol=1e-5)


def test_float32_under_mixed_precision_and_saved(rng, tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    prototypes = model()
    x = rng.normal(size=(5, 4)).astype("float32")
    assert prototypes(x).dtype == tf.float32
    prototypes.save(tmp_path / "p.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "p.keras")(x), prototypes(x))


def test_there_are_at_least_two():
    with pytest.raises(ValueError, match="at least 2. Received: units=1"):
        Prototypes(1)
    with pytest.raises(ValueError, match="Received: units=0"):
        Prototypes(0)
