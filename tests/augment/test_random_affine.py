import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import RandomAffine
from keras_ssl.augment.random_affine import rotate_and_shift


def reference(image, angle, shift):
    """One pixel at a time: look back to where it came from, mix the four neighbors, black outside."""
    height, width, _ = image.shape
    center = np.array([(height - 1) / 2, (width - 1) / 2])
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    result = np.zeros(image.shape)
    for position in np.ndindex(height, width):
        source = back @ (position - center - shift) + center
        for r, c in np.ndindex(height, width):
            result[position] += max(0, 1 - abs(source[0] - r)) * max(0, 1 - abs(source[1] - c)) * image[r, c]
    return result


def test_equals_the_reference_with_parameters_for_each_image(images, rng):
    images = images[:, :9, :12].astype("float32")
    angle, shift = rng.uniform(-np.pi, np.pi, 8), rng.uniform(-3, 3, (8, 2))
    moved = rotate_and_shift(tf.constant(images), tf.constant(angle, tf.float32), tf.constant(shift, tf.float32))
    expected = [reference(*each) for each in zip(images, angle, shift, strict=True)]
    np.testing.assert_allclose(moved, expected, atol=2e-2)


def test_a_quarter_turn_is_counter_clockwise(images):
    square = images[:, :11, :11].astype("float32")
    turned = rotate_and_shift(tf.constant(square), tf.fill((8,), np.pi / 2), tf.zeros((8, 2)))
    np.testing.assert_allclose(turned, np.rot90(square, axes=(1, 2)), atol=1e-2)


def test_a_shift_goes_down_and_to_the_right(images):
    images = images.astype("float32")
    moved = rotate_and_shift(tf.constant(images), tf.zeros(8), tf.constant([[2.0, 3.0]] * 8)).numpy()
    np.testing.assert_allclose(moved[:, 2:, 3:], images[:, :-2, :-3], atol=1e-3)
    np.testing.assert_allclose(moved[:, :2], 0)
    np.testing.assert_allclose(moved[:, :, :3], 0)


def test_angles_and_shifts_are_uniform(rng):
    layer = RandomAffine(rotation=30.0, translation=0.25)
    uniform = tf.constant(rng.uniform(size=(20000, 3)), tf.float32)
    parameters = layer.parameters(uniform, tf.zeros((1, 20, 40, 1)))
    quarters = (0, 0.25, 0.5, 0.75, 1)
    np.testing.assert_allclose(
        np.quantile(np.degrees(parameters["angle"]), quarters), np.linspace(-30, 30, 5), atol=1
    )
    down, right = parameters["shift"].numpy().T
    np.testing.assert_allclose(np.quantile(down, quarters), np.linspace(-5, 5, 5), atol=0.3)
    np.testing.assert_allclose(np.quantile(right, quarters), np.linspace(-10, 10, 5), atol=0.6)


@pytest.mark.parametrize(
    "arguments", [{"rotation": -1}, {"rotation": 270}, {"translation": -0.1}, {"translation": 8}]
)
def test_errors(arguments):
    with pytest.raises(ValueError, match="Received"):
        RandomAffine(**arguments)
