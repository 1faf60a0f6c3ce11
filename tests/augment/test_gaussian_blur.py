import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import GaussianBlur, gaussian_blur


def reference(image, sigma, radius):
    """A padded sum over the kernel, rows and then columns."""
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    padded = np.pad(image, ((radius, radius), (radius, radius), (0, 0)), mode="reflect")
    height, width = image.shape[:2]
    rows = sum(k * padded[t : t + height] for t, k in enumerate(kernel))
    return sum(k * rows[:, t : t + width] for t, k in enumerate(kernel))


@pytest.mark.parametrize("radius", [1, 4, 14])
def test_equals_the_reference_with_a_width_for_each_image(images, rng, radius):
    sigma = rng.uniform(0.1, 2.0, 8).astype("float32")
    blurred = gaussian_blur(images.astype("float32"), tf.constant(sigma), radius)
    expected = [reference(image, s, radius) for image, s in zip(images.astype(float), sigma, strict=True)]
    np.testing.assert_allclose(blurred, expected, atol=1e-2)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_of_images_that_are_not_square_with_any_number_of_channels(rng, channels):
    images = rng.uniform(0, 255, (2, 9, 14, channels)).astype("float32")
    blurred = tf.function(gaussian_blur, jit_compile=True)(images, tf.constant([0.7, 1.9]), 3)
    expected = [reference(image, s, 3) for image, s in zip(images.astype(float), (0.7, 1.9), strict=True)]
    np.testing.assert_allclose(blurred, expected, atol=1e-2)


def test_of_images_of_unknown_size(images):
    any_size = tf.function(
        lambda images: gaussian_blur(images, tf.ones(tf.shape(images)[0]), 2),
        input_signature=[tf.TensorSpec((None, None, None, 3))],
    )
    floats = images.astype("float32")
    np.testing.assert_allclose(any_size(floats), gaussian_blur(floats, tf.ones(8), 2), atol=1e-3)


def test_some_images_are_blurred(images):
    layer = GaussianBlur(sigma=(1.0, 2.0), kernel_size=5)
    uniform = np.array([[0.4, 0.5]] * 4 + [[0.6, 0.5]] * 4, "float32")
    floats = tf.cast(images, tf.float32)
    blurred = layer.augment_images(floats, layer.parameters(tf.constant(uniform), floats)).numpy()
    np.testing.assert_allclose(blurred[0], reference(images[0].astype(float), 1.5, 2), atol=1e-2)
    np.testing.assert_array_equal(blurred[4:], images[4:])


def test_widths_are_uniform_and_half_are_blurred(rng):
    parameters = GaussianBlur().parameters(tf.constant(rng.uniform(size=(20000, 2)), tf.float32), None)
    np.testing.assert_allclose(np.mean(parameters["blurred"]), 0.5, atol=0.02)
    np.testing.assert_allclose(np.quantile(parameters["sigma"], (0, 0.25, 0.5, 1)), (0.1, 0.575, 1.05, 2), atol=0.03)


def test_the_default_kernel_is_a_tenth_of_the_image():
    dot = np.zeros((1, 60, 60, 1), "float32")
    dot[0, 30, 30] = 255
    spread = GaussianBlur(sigma=(50.0, 50.0), probability=1.0)(dot).numpy()[0, 30, :, 0] > 0
    assert spread.sum() == 7


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sigma": (0.0, 1.0)}, "sigma.*above 0"),
        ({"sigma": (2.0, 1.0)}, "sigma.*low <= high"),
        ({"kernel_size": 4}, "odd"),
        ({"probability": 1.5}, "between 0 and 1"),
    ],
)
def test_errors(arguments, words):
    with pytest.raises(ValueError, match=f"{words}.*Received"):
        GaussianBlur(**arguments)


def test_a_kernel_wider_than_the_image(images):
    with pytest.raises(ValueError, match=r"too wide.*Received"):
        GaussianBlur(kernel_size=31)(images)
