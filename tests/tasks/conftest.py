import keras
import pytest
import tensorflow as tf


@pytest.fixture
def encoder():
    """RGB images of 12 × 12 to a feature map of 6 × 6 × 8 and to 8 features, without batch normalization."""
    images = keras.Input((12, 12, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(images)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu", padding="same", name="map")(x)
    return keras.Model(images, keras.layers.GlobalAveragePooling2D(dtype="float32")(x))


@pytest.fixture
def images(rng):
    return tf.constant(rng.uniform(0, 255, (6, 12, 12, 3)), tf.float32)
