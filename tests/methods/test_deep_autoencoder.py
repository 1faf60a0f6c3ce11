import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl


@pytest.fixture
def images(rng):
    patterns = rng.integers(0, 256, (4, 4, 4, 1), dtype="uint8")
    return np.repeat(patterns, 16, axis=0)


def test_the_loss_rebuilds_the_image_and_every_hidden_layer(rng):
    model = keras_ssl.DeepAutoencoder((4, 4, 1), (12, 8, 3), layer_weights=(0.5, 0.25))
    views = rng.uniform(0, 255, (5, 4, 4, 1)).astype("float32")

    def dense(layer, x):
        return x @ layer.kernel.numpy() + layer.bias.numpy()

    x = views.reshape(5, 16) / 127.5 - 1
    up, down = model.encoder.get_layer, model.decoder.get_layer
    h1 = np.maximum(dense(up("hidden1"), x), 0)
    h2 = np.maximum(dense(up("hidden2"), h1), 0)
    code = dense(up("features"), h2)
    h2_hat = np.maximum(dense(down("hidden2"), code), 0)
    h1_hat = np.maximum(dense(down("hidden1"), h2_hat), 0)
    x_hat = dense(down("pixels"), h1_hat)
    error = np.mean((views.reshape(5, 16) / 255 - x_hat) ** 2)
    layer_error = 0.5 * np.mean((h1 - h1_hat) ** 2) + 0.25 * np.mean((h2 - h2_hat) ** 2)
    loss, logs = model.forward(tf.constant(views), training=False)
    np.testing.assert_allclose(loss, error + layer_error, rtol=1e-4)
    np.testing.assert_allclose(logs["layer_error"], layer_error, rtol=1e-4)


def test_encoder_and_decoder_have_layers_of_their_own():
    model = keras_ssl.DeepAutoencoder((4, 4, 1), (12, 8, 3))
    assert not {id(w) for w in model.encoder.weights} & {id(w) for w in model.decoder.weights}
    sizes = [16, 12, 8, 3, 8, 12, 16]
    expected = sum(a * b + b for a, b in itertools.pairwise(sizes))
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == expected


def test_tied_weights_train_and_are_saved_once(images, tmp_path):
    model = keras_ssl.DeepAutoencoder((4, 4, 1), (12, 3), tied_weights=True)
    assert sum(len(w.shape) == 2 for w in model.trainable_weights) == 2
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(images, batch_size=16, epochs=30, verbose=0).history["reconstruction_error"]
    assert history[-1] < 0.5 * history[0]
    model.save(tmp_path / "tied.keras")
    loaded = keras.saving.load_model(tmp_path / "tied.keras")
    np.testing.assert_array_equal(loaded.reconstruct(images), model.reconstruct(images))


def test_pretrained_layers_give_the_whole_a_better_start(images):
    def first_error(epochs):
        keras.utils.set_random_seed(0)
        model = keras_ssl.DeepAutoencoder((4, 4, 1), (12, 8, 3))
        before = model.encoder.get_weights()
        if epochs:
            histories = model.pretrain_layers(images, epochs, batch_size=16, learning_rate=0.01, verbose=0)
            assert len(histories) == 3
            assert all(h.history["loss"][-1] < h.history["loss"][0] for h in histories)
            moved = [not np.array_equal(a, b) for a, b in zip(before, model.encoder.get_weights(), strict=True)]
            assert all(moved)
        model.compile("adam")
        return model.evaluate(images, verbose=0, return_dict=True)["reconstruction_error"]

    assert first_error(epochs=20) < 0.5 * first_error(epochs=0)


@pytest.mark.parametrize("weights", [(1.0,), -1.0, (1.0, -1.0)])
def test_weights_that_do_not_fit_the_hidden_layers_are_named(weights):
    with pytest.raises(ValueError, match="2 hidden layers.*Received: layer_weights="):
        keras_ssl.DeepAutoencoder((4, 4, 1), (12, 8, 3), layer_weights=weights)


def test_auto_leaves_the_dense_step_uncompiled_on_a_cpu():
    model = keras_ssl.DeepAutoencoder((4, 4, 1), (8, 3))
    model.compile("adam")
    if not tf.config.list_physical_devices("GPU"):
        assert not model.jit_compile
    assert model.get_compile_config()["jit_compile"] == "auto"
