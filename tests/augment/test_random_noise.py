import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import RandomNoise, seed_scope


def test_adds_noise_of_that_deviation_to_every_pixel():
    images = tf.fill((8, 32, 32, 3), 127.0)
    with seed_scope((0, 1)):
        noise = RandomNoise(20)(images) - images
    assert abs(np.mean(noise)) < 0.5 and np.std(noise) == pytest.approx(20, rel=0.02)
    assert len(np.unique(noise)) > 0.9 * np.size(noise)


def test_stays_within_the_range_and_repeats(rng):
    images = rng.integers(0, 256, (4, 8, 8, 1), dtype="uint8")
    layer = RandomNoise(100)
    views = []
    for _ in range(2):
        with seed_scope((0, 1)):
            views.append(layer(images))
    np.testing.assert_array_equal(*views)
    assert np.min(views[0]) >= 0 and np.max(views[0]) <= 255


def test_a_negative_deviation_is_an_error():
    with pytest.raises(ValueError, match="Received: stddev=-1"):
        RandomNoise(-1)
