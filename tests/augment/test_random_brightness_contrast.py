import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import RandomBrightnessContrast


def test_equals_the_formula(images, rng):
    layer = RandomBrightnessContrast(0.8, 0.6, probability=0.5)
    for gray in (images[..., :1].astype("float32"), images.astype("float32")):
        parameters = layer.parameters(tf.constant(rng.uniform(size=(8, 3)), tf.float32), None)
        views = layer.augment_images(tf.constant(gray), parameters).numpy()
        for image, view, b, c in zip(gray, views, *(parameters[k].numpy() for k in parameters), strict=True):
            bright = np.clip(b * image, 0, 255)
            np.testing.assert_allclose(view, np.clip(bright.mean() + c * (bright - bright.mean()), 0, 255), atol=1e-2)


def test_factors_are_uniform_around_one(rng):
    layer = RandomBrightnessContrast(0.8, 2.0, probability=0.7)
    parameters = layer.parameters(tf.constant(rng.uniform(size=(20000, 3)), tf.float32), None)
    changed = parameters["brightness"] != 1
    np.testing.assert_allclose(np.mean(changed), 0.7, atol=0.02)
    for name, low, high in (("brightness", 0.2, 1.8), ("contrast", 0.0, 3.0)):
        drawn = np.quantile(parameters[name][changed], (0, 0.5, 1))
        np.testing.assert_allclose(drawn, (low, (low + high) / 2, high), atol=0.05)


def test_errors():
    with pytest.raises(ValueError, match=r"contrast.*negative.*Received"):
        RandomBrightnessContrast(contrast=-1)
