"""A task of `MultiTask` computes the loss of the method that has only this task."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import tasks

#: The task, the method, the part behind the encoder, and the method's names of what the task logs.
PAIRS = {
    "Contrastive": (
        lambda: tasks.Contrastive(temperature=0.3),
        lambda encoder: keras_ssl.SimCLR(encoder, temperature=0.3),
        "projector",
        {"accuracy": "contrastive_accuracy", "embedding_spread": "embedding_spread"},
    ),
    "Reconstruction": (
        lambda: tasks.Reconstruction("ssim"),
        lambda encoder: keras_ssl.Autoencoder(encoder, reconstruction_loss="ssim"),
        "decoder",
        {},
    ),
    "Rotation": (tasks.Rotation, keras_ssl.RotationPrediction, "head", {"accuracy": "rotation_accuracy"}),
    "TileOrder": (
        lambda: tasks.TileOrder(grid=2, permutations=6, tile_size=5),
        lambda encoder: keras_ssl.Jigsaw(encoder, grid=2, permutations=6, tile_size=5),
        "head",
        {"accuracy": "permutation_accuracy"},
    ),
    "Colors": (tasks.Colors, keras_ssl.Colorization, "decoder", {"gray_error": "gray_error"}),
    "MissingBlock": (
        lambda: tasks.MissingBlock(block_share=0.4),
        lambda encoder: keras_ssl.Inpainting(encoder, block_share=0.4),
        "decoder",
        {},
    ),
}


@pytest.fixture(params=sorted(PAIRS))
def pair(request, encoder):
    """A task and a method with the same encoder and the same head."""
    make, build, part, logged = PAIRS[request.param]
    task, method = make(), build(encoder)
    task.attach(encoder)
    getattr(task, part).set_weights(getattr(method, part).get_weights())
    return task, method, logged


def test_the_loss_is_the_methods(pair, images):
    task, method, logged = pair
    draws = method.draws(training=False)
    loss, metrics = task.forward(method.encoder, images, None, draws, training=False)
    expected, logs = method.forward(images, training=False)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    assert set(metrics) == set(task.logged) == set(logged)
    for name, value in metrics.items():
        np.testing.assert_allclose(value, logs[logged[name]], rtol=1e-5)


def test_trains_the_encoder_and_the_head(pair, images):
    task, method, _ = pair
    weights = [weight.value for weight in (*method.encoder.trainable_weights, *task.trainable_weights)]
    with tf.GradientTape() as tape:
        loss, _ = task.forward(method.encoder, images, None, method.draws(), training=True)
    gradients = tape.gradient(loss, weights)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    assert sum(np.any(gradient) for gradient in gradients) >= len(gradients) - 1


def test_is_made_again_from_its_config(pair):
    task, _, _ = pair
    again = type(task).from_config(task.get_config())
    assert again.get_config() == task.get_config()
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(task)).logged == task.logged
