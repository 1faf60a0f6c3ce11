import keras
import pytest

from keras_ssl import augment


@pytest.fixture
def encoder():
    """A small encoder with everything that makes a network hard to redraw: seeds, statistics, preprocessing."""
    images = keras.Input((8, 8, 1), name="images")
    x = keras.layers.Rescaling(1 / 127.5, -1)(images)
    x = keras.layers.Conv2D(6, 3, kernel_initializer=keras.initializers.HeNormal(seed=7))(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Dropout(0.5, seed=3)(x)
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(x))


@pytest.fixture(scope="session")
def crops():
    """The default views of fine-tuning on gray images; one for all tests, because compiling them takes long."""
    return augment.crops(8, scale=(0.5, 1.0), flip_probability=0.0)
