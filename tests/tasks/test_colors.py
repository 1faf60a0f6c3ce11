import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.tasks import chroma, colorize, to_gray

# ITU-R BT.601, as JPEG writes it down: Y, Cb and Cr of red, green and blue, the chroma without its offset of 128.
YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (3, 5, 4, 3), dtype="uint8")


def test_luma_and_chroma_are_the_standards(images):
    luma, blue, red = np.moveaxis(images.astype("float64") @ YCBCR.T, -1, 0)
    np.testing.assert_allclose(to_gray(images), np.repeat(luma[..., None], 3, axis=-1), atol=0.01)
    np.testing.assert_allclose(chroma(images), np.stack([blue, red], axis=-1) / 127.5, atol=1e-4)


def test_gray_and_colors_make_up_the_image(images):
    np.testing.assert_allclose(colorize(images, chroma(images)), images, atol=0.01)
    np.testing.assert_allclose(colorize(to_gray(images), chroma(images)), images, atol=0.01)


def test_gray_has_no_colors_and_colors_span_their_range(images):
    np.testing.assert_allclose(chroma(to_gray(images)), 0, atol=1e-5)
    primaries = np.array([[[[255, 0, 0], [0, 255, 255], [0, 0, 255], [255, 255, 0]]]], "uint8")
    blue, red = np.moveaxis(chroma(primaries).numpy()[0, 0], -1, 0)
    np.testing.assert_allclose(red[:2], [1, -1], atol=1e-5)
    np.testing.assert_allclose(blue[2:], [1, -1], atol=1e-5)


def test_colors_that_no_pixel_has_are_clipped_and_half_precision_is_taken():
    colored = colorize(np.full((1, 1, 1, 3), 250, "uint8"), tf.ones((1, 1, 1, 2), tf.bfloat16))
    assert colored.dtype == tf.float32 and float(tf.reduce_max(colored)) == 255
