import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import augment, backbones, heads, losses


def test_defaults_are_the_papers(encoder):
    model = keras_ssl.SimCLR(encoder)
    assert model.temperature == 0.5
    assert model.projector.input_shape == (None, 8) and model.projector.output_shape == (None, 128)
    color = keras_ssl.SimCLR(backbones.small_cnn((16, 16, 3), filters=(4,)))
    assert any(isinstance(layer, augment.RandomColorJitter) for layer in color.augmenter.layers)
    assert not any(isinstance(layer, augment.RandomColorJitter) for layer in model.augmenter.layers)


def test_forward_is_the_loss_of_projected_views(encoder, rng):
    model = keras_ssl.SimCLR(encoder, temperature=0.2)
    views = rng.uniform(0, 255, (12, 8, 8, 1)).astype("float32")
    loss, logs = model.forward(views, training=False)
    z_a, z_b = tf.split(model.projector(encoder(views)), 2)
    np.testing.assert_allclose(loss, losses.nt_xent(z_a, z_b, 0.2), rtol=1e-5)
    np.testing.assert_allclose(logs["contrastive_accuracy"], losses.contrastive_accuracy(z_a, z_b), rtol=1e-5)
    assert set(logs) == {"contrastive_accuracy", "embedding_spread"}


def test_views_of_a_step_differ_and_stand_one_after_the_other(encoder, rng):
    model = keras_ssl.SimCLR(encoder)
    images = tf.constant(rng.integers(0, 256, (6, 8, 8, 1)), tf.uint8)
    views = model.augment(images)
    assert views.shape == (12, 8, 8, 1) and views.dtype == tf.float32
    first, second = tf.split(views, 2)
    assert np.all(np.any(np.asarray(first != second), axis=(1, 2, 3)))
    np.testing.assert_array_equal(first, model.augmenter(images, seed=model.random_seed(view=0)))
    np.testing.assert_array_equal(second, model.augmenter(images, seed=model.random_seed(view=1)))


def test_seeds_are_a_function_of_seed_step_and_view(encoder):
    seeds = set()
    for seed in (0, 1):
        model = keras_ssl.SimCLR(encoder, seed=seed)
        for step in (0, 1, 2**31 - 2):
            model.step.assign(step)
            seeds |= {tuple(model.random_seed(view).numpy()) for view in range(3)}
        seeds |= {tuple(model.random_seed(view, training=False).numpy()) for view in range(3)}
    assert len(seeds) == 2 * (3 * 3 + 3)


def test_the_gradient_step_is_that_of_the_loss(encoder, rng):
    images = rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8")
    model = keras_ssl.SimCLR(encoder)
    model.compile(keras.optimizers.SGD(0.5))
    views = model.augment(tf.constant(images))
    with tf.GradientTape() as tape:
        loss, _ = model.forward(views, training=True)
    gradients = tape.gradient(loss, model.trainable_variables)
    expected = [
        np.asarray(v) - 0.5 * np.asarray(g) for v, g in zip(model.trainable_variables, gradients, strict=True)
    ]
    model.train_on_batch(images)
    for variable, value in zip(model.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, atol=1e-5)


def test_tells_pairs_apart_after_some_steps():
    model = keras_ssl.SimCLR(backbones.small_cnn((8, 8, 1), filters=(16, 32)), augmenter=augment.grayscale(8))
    model.compile(keras.optimizers.Adam(0.01))
    digits = keras_ssl.data.load("digits", batch_size=128)
    history = model.fit(digits, epochs=6, verbose=0).history
    assert history["contrastive_accuracy"][-1] > 2 * history["contrastive_accuracy"][0]
    assert history["loss"][-1] < history["loss"][0] - 0.2
    assert 0.2 < history["embedding_spread"][-1] <= 1


@pytest.mark.parametrize("temperature", [0, -1, float("nan")])
def test_temperature_must_be_positive(encoder, temperature):
    with pytest.raises(ValueError, match="Received: temperature="):
        keras_ssl.SimCLR(encoder, temperature=temperature)


def test_a_projector_must_fit_the_encoder(encoder):
    with pytest.raises(ValueError, match="vectors of 9 and is given vectors of 8"):
        keras_ssl.SimCLR(encoder, projector=heads.projection_head(9, 8, 4))
    with pytest.raises(ValueError, match="built keras.Model"):
        keras_ssl.SimCLR(encoder, projector=keras.layers.Dense(4))


@pytest.mark.parametrize(
    "spoiled, message",
    [
        (lambda: "resnet18", "must be a keras.Model"),
        (lambda: keras.Sequential([keras.layers.Flatten()]), "must know its input and output shapes"),
        (lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]), "one input of images"),
        (lambda: keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)]), "one feature vector"),
    ],
    ids=["name", "unbuilt", "vectors", "feature-map"],
)
def test_an_encoder_goes_from_images_to_features(spoiled, message):
    with pytest.raises(ValueError, match=f"(?s){message}.*Received:"):
        keras_ssl.SimCLR(spoiled())


def test_an_encoder_for_any_size_needs_an_augmenter():
    inputs = keras.Input((None, None, 3))
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(inputs))
    encoder = keras.Model(inputs, features)
    with pytest.raises(ValueError, match="size of the views is unknown"):
        keras_ssl.SimCLR(encoder)
    model = keras_ssl.SimCLR(encoder, augmenter=augment.simclr(16))
    model.compile("adam")
    model.fit(np.random.default_rng(0).integers(0, 256, (4, 20, 20, 3), dtype="uint8"), verbose=0)
