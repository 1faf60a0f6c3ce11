import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import data
from keras_ssl.optimizers import LayerDecay
from keras_ssl.transfer.view_trainer import ViewTrainer


def cross_entropy(views, labels, logits):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def trainer(crops, seed=3):
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    return ViewTrainer(network, crops, cross_entropy, seed)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (8, 8, 8, 1), "uint8"), np.arange(8) % 2


def test_a_step_is_the_gradient_of_the_objective_on_views_of_the_seed_and_the_step(images, crops):
    model, twin = trainer(crops), trainer(crops)
    model.compile(keras.optimizers.SGD(1e-4))
    history = model.fit(data.from_arrays(*images, batch_size=8), epochs=2, shuffle=False, verbose=0).history
    losses = []
    for step in range(2):
        views = twin.augmenter(images[0], seed=tf.random.fold_in([3, 0], step, alg="philox"))
        with tf.GradientTape() as tape:
            loss = cross_entropy(views, images[1], twin(views))
        for weight, gradient in zip(twin.trainable_weights, tape.gradient(loss, twin.trainable_weights), strict=True):
            weight.assign_sub(1e-4 * gradient)
        losses.append(float(loss))
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-5)
    for got, expected in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def test_same_under_xla(images, crops):
    results = []
    for jit_compile in (False, True):
        model = trainer(crops)
        model.compile(LayerDecay(keras.optimizers.AdamW(1e-3), 0.5), jit_compile=jit_compile)
        model.fit(data.from_arrays(*images, batch_size=8), epochs=2, shuffle=False, verbose=0)
        results.append(model.network.get_weights())
    for plain, compiled in zip(*results, strict=True):
        np.testing.assert_allclose(plain, compiled, rtol=1e-3, atol=1e-5)


def test_replicas_learn_and_report_what_one_device_does(images, crops, two_replicas):
    with two_replicas.scope():
        two = trainer(crops)
        two.compile(keras.optimizers.SGD(1e-4))
    one = trainer(crops)
    one.compile(keras.optimizers.SGD(1e-4))
    dataset = data.from_arrays(*images, batch_size=8)
    losses = [model.fit(dataset, shuffle=False, verbose=0).history["loss"] for model in (one, two)]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    for alone, together in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-6)


def test_regularizers_of_the_network_take_part(images, crops):
    results = []
    for strength in (0.0, 0.5):
        model = trainer(crops)
        kernel = model.network.layers[-1].kernel
        kernel.regularizer = keras.regularizers.L2(strength)
        before = np.array(kernel)
        model.compile(keras.optimizers.SGD(1e-4), run_eagerly=True)
        loss = model.fit(data.from_arrays(*images, batch_size=8), shuffle=False, verbose=0).history["loss"][0]
        results.append((loss, np.array(kernel)))
    (loss, without), (regularized_loss, regularized) = results
    assert regularized_loss == pytest.approx(loss + 0.5 * np.sum(before**2), rel=1e-4)
    np.testing.assert_allclose(regularized, without - 1e-4 * before, atol=1e-7)
