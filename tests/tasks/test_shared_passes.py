import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.backbones.feature_map import with_feature_map
from keras_ssl.tasks.shared_passes import SharedPasses


@pytest.fixture
def counted(encoder):
    """The encoder, and a function that counts its calls."""
    calls = []

    class Counted:
        def __call__(self, images, training):
            calls.append(training)
            return encoder(images, training=training)

    return Counted(), calls


def test_the_same_tensor_is_encoded_once(counted, encoder, images):
    network, calls = counted
    passes = SharedPasses(network)
    first, again = (passes(images, training=True) for _ in range(2))
    assert again is first and calls == [True]
    np.testing.assert_allclose(first, encoder(images), atol=1e-6)
    passes(tf.identity(images), training=True)
    assert len(calls) == 2


def test_features_and_feature_map_are_of_one_pass(encoder, images):
    passes = SharedPasses(encoder, with_feature_map(encoder, "A test reads"))
    feature_map = passes.feature_map(images)
    assert feature_map.shape == (6, 6, 6, 8)
    np.testing.assert_allclose(passes(images), tf.reduce_mean(feature_map, axis=(1, 2)), atol=1e-5)


def test_inside_a_graph_there_is_one_pass_too(counted, images):
    network, calls = counted

    @tf.function
    def step(images):
        passes = SharedPasses(network)
        return passes(images, training=False) + passes(images, training=False)

    step(images)
    assert len(calls) == 1
