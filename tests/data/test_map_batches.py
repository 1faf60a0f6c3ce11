import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data.map_batches import map_batches


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_batches_give_what_the_whole_gives(rng, batch_size):
    inputs = rng.normal(size=(7, 4)).astype("float32")
    np.testing.assert_allclose(map_batches(tf.square, inputs, batch_size), np.square(inputs), rtol=1e-6)


def test_integers_and_tensors_are_inputs_too():
    assert map_batches(lambda x: x + 1, tf.zeros((3, 2), tf.uint8)).dtype == np.uint8


@pytest.mark.parametrize("inputs, batch_size", [(np.zeros((0, 3)), 4), (np.zeros(()), 4), (np.zeros((2, 3)), 0)])
def test_nothing_to_compute_is_an_error(inputs, batch_size):
    with pytest.raises(ValueError, match="Received"):
        map_batches(tf.square, inputs, batch_size)
