import keras
import numpy as np
import pytest

import keras_ssl
from keras_ssl.callbacks import BatchStatistics


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (64, 8, 8, 1), "uint8")


def fitted(images, callbacks):
    keras.utils.set_random_seed(0)
    encoder = keras_ssl.backbones.small_cnn((8, 8, 1), filters=(4, 8))
    model = keras_ssl.Jigsaw(encoder, grid=2, permutations=24)
    model.compile("adam", jit_compile=False)
    model.fit(images, batch_size=32, epochs=2, callbacks=callbacks, verbose=0)
    return model


def test_inference_is_of_whole_images_and_training_is_not_disturbed(images):
    without, model = fitted(images, []), fitted(images, [BatchStatistics(images)])
    # With one batch of all images the encoder does in training what it does in inference.
    as_in_training = model.encoder(images, training=True)
    np.testing.assert_allclose(model.encoder(images), as_in_training, rtol=1e-3, atol=1e-4)
    assert np.abs(without.encoder(images) - as_in_training).max() > 0.1
    for old, new in zip(without.trainable_weights, model.trainable_weights, strict=True):
        np.testing.assert_array_equal(old, new)


def test_says_what_is_wrong_before_the_training(images):
    with pytest.raises(ValueError, match="channel axis"):
        BatchStatistics(images[..., 0])
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match=r"model\.encoder"):
        model.fit(images, np.zeros((64, 1)), callbacks=[BatchStatistics(images)], verbose=0)
