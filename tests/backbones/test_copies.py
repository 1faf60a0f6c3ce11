import keras
import numpy as np
import pytest

from keras_ssl import backbones
from keras_ssl.backbones.copies import copied, rebuilt


@pytest.fixture
def encoder(rng):
    encoder = backbones.small_cnn((8, 8, 1), filters=(4,))
    encoder.set_weights([rng.uniform(0.5, 1.5, size=weights.shape) for weights in encoder.get_weights()])
    return encoder


def test_a_copy_has_the_weights_and_shares_none(encoder):
    copy = copied(encoder)
    for mine, theirs in zip(copy.weights, encoder.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine is not theirs


def test_a_copy_is_not_compiled(encoder):
    encoder.compile("adam", "mse")
    assert not copied(encoder).compiled


def test_rebuilt_weights_are_fresh_and_the_configuration_can_be_changed(encoder):
    fresh = rebuilt(encoder, lambda config: {**config, "config": {**config["config"], "name": "another"}})
    assert fresh.name == "another"
    assert np.abs(fresh.get_weights()[0] - encoder.get_weights()[0]).max() > 0.1


def test_a_model_that_cannot_be_rebuilt_is_named():
    class Local(keras.Model):
        def __init__(self, width):
            super().__init__()
            self.width = width

    with pytest.raises(ValueError, match="register_keras_serializable.*Local"):
        copied(Local(3))
