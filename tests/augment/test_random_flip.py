import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import RandomFlip


def test_each_image_is_turned_by_its_own_draw(images):
    layer = RandomFlip(horizontal=0.5, vertical=0.5)
    uniform = tf.constant([[0.1, 0.9], [0.9, 0.1], [0.1, 0.1], [0.9, 0.9]])
    floats = tf.cast(images[:4], tf.float32)
    views = layer.augment_images(floats, layer.parameters(uniform, floats))
    expected = [images[0, :, ::-1], images[1, ::-1], images[2, ::-1, ::-1], images[3]]
    np.testing.assert_array_equal(views, np.stack(expected))


def test_only_left_to_right_half_of_the_time_by_default(rng):
    parameters = RandomFlip().parameters(tf.constant(rng.uniform(size=(10000, 2)), tf.float32), None)
    np.testing.assert_allclose(np.mean(parameters["horizontal"]), 0.5, atol=0.02)
    assert not np.any(parameters["vertical"])


def test_errors():
    with pytest.raises(ValueError, match=r"vertical.*between 0 and 1.*Received"):
        RandomFlip(vertical=2)
