import colorsys

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.augment import jitter_colors


def jitter(images, brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0, gray=False):
    images = tf.cast(images, tf.float32)
    batch = images.shape[0]
    factors = [tf.fill((batch,), float(factor)) for factor in (brightness, contrast, saturation, hue)]
    return jitter_colors(images, *factors, tf.fill((batch,), gray)).numpy()


def reference(image, brightness, contrast, saturation, hue, gray):
    """The docstring's five steps, the colors pixel by pixel with the standard library."""
    luma = np.array((0.299, 0.587, 0.114))
    image = np.clip(brightness * image, 0, 255)
    mean = (image @ luma).mean()
    image = np.clip(mean + contrast * (image - mean), 0, 255)
    pixels = []
    for pixel in image.reshape(-1, 3) / 255:
        h, s, v = colorsys.rgb_to_hsv(*pixel)
        pixels.append(colorsys.hsv_to_rgb((h + hue) % 1.0, min(1.0, s * saturation), v))
    image = 255 * np.array(pixels).reshape(image.shape)
    return np.repeat((image @ luma)[..., np.newaxis], 3, axis=-1) if gray else image


def test_equals_the_reference_with_factors_for_each_image(images, rng):
    images = images[:, :6, :6]
    factors = np.stack([*rng.uniform(0, 2, (3, 8)), rng.uniform(-0.5, 0.5, 8)]).astype("float32")
    gray = np.arange(8) == 3
    jittered = jitter_colors(tf.cast(images, tf.float32), *map(tf.constant, factors), tf.constant(gray))
    expected = [reference(image, *row, g) for image, row, g in zip(images, factors.T, gray, strict=True)]
    np.testing.assert_allclose(jittered, expected, atol=2e-2)


@settings(max_examples=25, deadline=None)
@given(
    pixels=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=4, max_size=4),
    hue=st.floats(-0.5, 0.5, width=32),
    saturation=st.floats(0, 3, width=32),
)
def test_hue_and_saturation_equal_tf_image(pixels, hue, saturation):
    image = np.array(pixels, "float32").reshape(1, 2, 2, 3)
    np.testing.assert_allclose(
        jitter(image, hue=hue), 255 * tf.image.adjust_hue(image / 255, hue), atol=2e-2, err_msg="hue"
    )
    np.testing.assert_allclose(
        jitter(image, saturation=saturation),
        255 * tf.image.adjust_saturation(image / 255, saturation),
        atol=2e-2,
        err_msg="saturation",
    )


def test_contrast_keeps_grays_gray_and_equals_tf_image_for_gray_images(images):
    gray = np.repeat(images[..., :1], 3, axis=-1).astype("float32")
    expected = np.clip(tf.image.adjust_contrast(gray, 0.4), 0, 255)
    np.testing.assert_allclose(jitter(gray, contrast=0.4), expected, atol=1e-2)
    # Where tf.image.adjust_contrast pulls each channel to its own mean, this pulls all to one.
    np.testing.assert_allclose(np.ptp(jitter(images, contrast=0.0), axis=(1, 2, 3)), 0, atol=1e-2)


def test_gray_equals_tf_image(images):
    expected = tf.image.rgb_to_grayscale(images.astype("float32"))
    np.testing.assert_allclose(jitter(images, gray=True), np.repeat(expected, 3, axis=-1), atol=0.1)


def test_nothing_changes_by_default(images):
    np.testing.assert_allclose(jitter(images), images, atol=1e-3)
    np.testing.assert_allclose(jitter(images, hue=1.0), images, atol=2e-2)


@settings(max_examples=25, deadline=None)
@given(factors=st.tuples(*[st.floats(0, 10)] * 3), hue=st.floats(-1, 1), value=st.integers(0, 255))
def test_results_are_pixels(factors, hue, value):
    image = np.array([[[[value, 0, 255], [7, value, value]]]], "float32")
    jittered = jitter(image, *factors, hue=hue)
    assert np.isfinite(jittered).all()
    assert jittered.min() >= 0
    assert jittered.max() <= 255.001
