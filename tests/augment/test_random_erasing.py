import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import RandomErasing


def test_paints_the_pixels_whose_center_lies_in_the_box(images):
    boxes = tf.constant([[2.4, 3.6, 5.0, 4.0], [0.0, 0.0, 0.0, 0.0]])
    floats = tf.cast(images[:2], tf.float32)
    expected = floats.numpy()
    expected[0, 2:7, 4:8] = 9.0
    np.testing.assert_array_equal(RandomErasing(value=9.0).augment_images(floats, boxes), expected)
    expected[0, 2:7, 4:8] = images[0].mean(axis=(0, 1))
    np.testing.assert_allclose(RandomErasing().augment_images(floats, boxes), expected, rtol=1e-4)


def test_areas_ratios_and_how_often(rng):
    layer = RandomErasing(probability=0.4, scale=(0.02, 0.2), ratio=(0.5, 2.0))
    uniform = tf.constant(rng.uniform(size=(10000, layer.draws_per_image)), tf.float32)
    boxes = layer.parameters(uniform, tf.zeros((1, 40, 40, 3))).numpy()
    erased = boxes[:, 2] > 0
    _, _, height, width = boxes[erased].T
    np.testing.assert_allclose(erased.mean(), 0.4, atol=0.02)
    # All such boxes fit into a square, so nothing is drawn twice and both stay uniform.
    np.testing.assert_allclose(np.quantile(height * width / 1600, (0, 0.5, 1)), (0.02, 0.11, 0.2), atol=0.005)
    np.testing.assert_allclose(np.quantile(np.log2(width / height), (0, 0.5, 1)), (-1, 0, 1), atol=0.05)


def test_an_image_that_no_box_fits_into_stays_whole(rng):
    layer = RandomErasing(probability=1.0, scale=(0.9, 1.0), ratio=(5.0, 6.0))
    image = rng.integers(0, 256, (3, 10, 10, 1), dtype="uint8")
    np.testing.assert_array_equal(layer(image), image)


@pytest.mark.parametrize("arguments", [{"value": 300}, {"value": "noise"}, {"scale": (0.5, 0.1)}, {"probability": 3}])
def test_errors(arguments):
    with pytest.raises(ValueError, match="Received"):
        RandomErasing(**arguments)
