import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import RotationPrediction
from keras_ssl.backbones import small_cnn


def test_the_loss_is_the_papers(encoder, rng):
    """Equation 3: of every image in every rotation, how unlikely the classifier finds the right one."""
    model = RotationPrediction(encoder)
    images = rng.uniform(0, 255, (5, 8, 8, 1)).astype("float32")
    kernel, bias = (np.asarray(weight) for weight in model.head.weights)
    surprise, right = [], []
    for turns in range(4):
        logits = encoder(np.rot90(images, turns, axes=(1, 2)).copy()) @ kernel + bias
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        surprise += list(-np.log(probabilities[:, turns]))
        right += list(probabilities.argmax(axis=1) == turns)
    loss, logs = model.forward(images, training=False)
    np.testing.assert_allclose(loss, np.mean(surprise), rtol=1e-4)
    np.testing.assert_allclose(logs["rotation_accuracy"], np.mean(right), rtol=1e-6)


def test_the_gradient_reaches_every_weight_under_mixed_precision_too(rng):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = RotationPrediction(small_cnn((8, 8, 3), filters=(4, 8)))
    with tf.GradientTape() as tape:
        loss, _ = model.forward(rng.uniform(0, 255, (4, 8, 8, 3)).astype("float32"), training=True)
    assert loss.dtype == tf.float32
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(float(tf.reduce_max(tf.abs(gradient))) > 0 for gradient in gradients)


@pytest.mark.parametrize("alike, least", [(2, np.log(2)), (4, np.log(4))])
def test_what_looks_alike_in_several_rotations_cannot_be_told(encoder, rng, alike, least):
    """A 0 or an 8 after half a turn, a ring after any: no classifier is right more often than by chance."""
    images = rng.uniform(0, 255, (6, 8, 8, 1))
    turned = [np.rot90(images, turns, axes=(1, 2)) for turns in range(0, 4, 4 // alike)]
    model = RotationPrediction(encoder)
    model.head.kernel.assign(10 * rng.normal(size=model.head.kernel.shape))
    loss, logs = model.forward(np.mean(turned, axis=0).astype("float32"), training=False)
    assert float(loss) >= least - 1e-5
    assert float(logs["rotation_accuracy"]) <= 1 / alike + 1e-6


def test_it_learns_which_way_is_up(encoder, rng):
    sky = np.linspace(255, 0, 8)[None, :, None, None]
    images = np.clip(sky + rng.normal(0, 30, (64, 8, 8, 1)), 0, 255).astype("uint8")
    model = RotationPrediction(encoder)
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(images, batch_size=16, epochs=8, verbose=0).history["rotation_accuracy"]
    assert history[0] < history[-1] > 0.95


def test_it_shows_what_it_asks(encoder, rng):
    images = rng.integers(0, 256, (3, 8, 8, 1), dtype="uint8")
    asked = RotationPrediction(encoder).questions(images)
    assert list(asked) == ["0°", "90°", "180°", "270°"]
    for turns, shown in enumerate(asked.values()):
        np.testing.assert_array_equal(shown, np.rot90(images, turns, axes=(1, 2)))


def test_images_that_are_not_square_are_refused_before_any_training():
    with pytest.raises(ValueError, match=r"must be square.*image_size=.*crops.*Received: images of shape \(8, 12, 3"):
        RotationPrediction(small_cnn((8, 12, 3), filters=(4,)))
