import keras
import numpy as np
import pytest

from keras_ssl import SimCLR
from keras_ssl.backbones import small_cnn


@pytest.fixture
def model():
    return SimCLR(small_cnn((8, 8, 1), filters=(4,)), augmenter=None)


@pytest.mark.parametrize("batch_size", [None, 16, 100])
def test_arrays_have_the_encoder_s_features_in_order(model, rng, batch_size):
    images = rng.integers(0, 256, (70, 8, 8, 1), "uint8")
    features = model.predict(images, batch_size, verbose=0)
    np.testing.assert_allclose(features, model.encoder(images.astype("float32"), training=False), atol=1e-5)


def test_what_tf_data_makes_of_an_array_is_not_tuned(model, rng, monkeypatch):
    """Its tuner's thread would be waited for at the end of each call."""
    seen = []
    monkeypatch.setattr(keras.Model, "predict", lambda self, x, **kwargs: seen.append(x.options().autotune.enabled))
    model.predict(rng.uniform(0, 255, (4, 8, 8, 1)))
    assert seen == [False]
