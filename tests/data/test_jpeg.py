import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data.jpeg import decode_jpeg
from keras_ssl.data.resize import resize_images

SIZE = (240, 320)


@pytest.fixture(scope="module")
def photo():
    rough = np.random.default_rng(0).uniform(0, 255, (1, 12, 16, 3)).astype("float32")
    pixels = tf.image.resize(rough, SIZE, "bicubic")[0]
    return tf.io.encode_jpeg(tf.saturate_cast(pixels, tf.uint8), quality=95)


@pytest.mark.parametrize(
    ("needed", "shape"), [(None, SIZE), (61, SIZE), (60, (120, 160)), (30, (60, 80)), (15, (30, 40)), (1, (30, 40))]
)
def test_twice_what_is_needed_is_left(needed, shape, photo):
    assert decode_jpeg(photo, *SIZE, needed).shape == (*shape, 3)


@pytest.mark.parametrize("needed", [60, 30, 15])
def test_the_resized_image_hardly_differs_from_one_decoded_in_full(needed, photo):
    quick, full = (
        resize_images(tf.cast(decode_jpeg(photo, *SIZE, part)[None], tf.float32), needed) for part in (needed, None)
    )
    assert np.abs(quick - full).mean() < 2.5
