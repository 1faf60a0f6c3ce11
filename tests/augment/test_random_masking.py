import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import RandomMasking, seed_scope


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_masks_that_share_of_the_pixels_all_channels_together(rate):
    images = tf.fill((8, 32, 32, 3), 127.0)
    with seed_scope((0, 1)):
        views = np.asarray(RandomMasking(rate, value=7)(images))
    masked = np.all(views == 7, axis=-1)
    assert np.all(np.any(views == 7, axis=-1) == masked) and np.all(views[~masked] == 127)
    assert masked.mean() == pytest.approx(rate, abs=0.02)


@pytest.mark.parametrize("arguments", [{"rate": 1.1}, {"value": 256}])
def test_out_of_range_is_an_error(arguments):
    with pytest.raises(ValueError, match="Received"):
        RandomMasking(**arguments)
