import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import RandomSolarize


def test_bright_pixels_are_inverted_in_some_images(images):
    layer = RandomSolarize(probability=0.5, threshold=(100.0, 200.0))
    floats = tf.cast(images, tf.float32)
    uniform = tf.constant([[0.1, 0.0], [0.1, 0.5], *[[0.9, 0.5]] * 6])
    views = layer.augment_images(floats, layer.parameters(uniform, floats)).numpy()
    for image, view, threshold in zip(images[:2].astype(int), views, (100, 150), strict=False):
        np.testing.assert_array_equal(view, np.where(image >= threshold, 255 - image, image))
    np.testing.assert_array_equal(views[2:], images[2:])


def test_a_fifth_of_the_images_by_default(rng):
    thresholds = RandomSolarize().parameters(tf.constant(rng.uniform(size=(20000, 2)), tf.float32), None)
    np.testing.assert_allclose(np.mean(np.isfinite(thresholds)), 0.2, atol=0.02)


@pytest.mark.parametrize("arguments", [{"probability": -1}, {"threshold": (200, 100)}, {"threshold": (0, 256)}])
def test_errors(arguments):
    with pytest.raises(ValueError, match="Received"):
        RandomSolarize(**arguments)
