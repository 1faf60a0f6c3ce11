import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment.image_mean import image_mean


@pytest.mark.parametrize("weights", [(1.0,), (0.5, 0.5), (0.299, 0.587, 0.114)])
def test_is_the_weighed_mean_of_each_image(rng, weights):
    images = rng.uniform(0, 255, (4, 7, 5, len(weights))).astype("float32")
    expected = (images * weights).sum(axis=3).mean(axis=(1, 2))
    np.testing.assert_allclose(image_mean(images, weights), expected, rtol=1e-5)


def test_of_images_of_unknown_size(rng):
    images = rng.uniform(0, 255, (2, 6, 9, 3)).astype("float32")
    mean = tf.function(
        lambda images: image_mean(images, [1 / 3] * 3),
        input_signature=[tf.TensorSpec((None, None, None, 3))],
    )
    np.testing.assert_allclose(mean(images), images.mean(axis=(1, 2, 3)), rtol=1e-5)
