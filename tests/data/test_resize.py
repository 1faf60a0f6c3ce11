import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data.resize import resize_images


def triangle_weights(source, target, scale, translation):
    """Antialiased bilinear weights (target, source), from the definition.

    Output pixel i looks at x = (i + 1/2 - translation) / scale of the input; input pixel j has the weight
    max(0, 1 - |x - j - 1/2| / r), with r = max(1 / scale, 1), divided by the sum of all weights of i.
    Pixels whose x lies outside the input stay black.
    """
    x = (np.arange(target) + 0.5 - translation) / scale
    radius = max(1 / scale, 1.0)
    weights = np.maximum(0, 1 - np.abs(x[:, None] - np.arange(source) - 0.5) / radius)
    inside = (x >= 0) & (x <= source)
    return weights * inside[:, None] / np.where(inside, weights.sum(axis=1), 1)[:, None]


def reference(images, size, resize):
    source = np.array(images.shape[1:3])
    scale = np.array(size) / source
    scale = {"stretch": scale, "crop": scale.max().repeat(2), "pad": scale.min().repeat(2)}[resize]
    rows, columns = (
        triangle_weights(source[axis], size[axis], scale[axis], (size[axis] - scale[axis] * source[axis]) / 2)
        for axis in (0, 1)
    )
    return np.einsum("ih,bhwc,jw->bijc", rows, images, columns)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(16, 16), (9, 31), (60, 50)])
def test_all_modes_follow_the_definition_of_the_triangle_kernel(resize, size, rng):
    images = rng.uniform(0, 255, (2, 37, 50, 3)).astype(np.float32)
    resized = resize_images(images, size, resize)
    np.testing.assert_allclose(resized, reference(images, size, resize), atol=0.02)


def test_stretch_is_tf_image_resize(rng):
    images = rng.integers(0, 256, (2, 37, 50, 3), dtype=np.uint8)
    expected = tf.image.resize(images, (16, 20), antialias=True)
    np.testing.assert_array_equal(resize_images(images, (16, 20)), np.round(expected))


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_the_right_size_is_left_as_it_is(resize, rng):
    images = rng.integers(0, 256, (2, 8, 8, 1), dtype=np.uint8)
    np.testing.assert_array_equal(resize_images(images, 8, resize), images)


def test_crop_cuts_both_ends_of_the_longer_side():
    images = np.zeros((1, 4, 8, 1), np.uint8)
    images[:, :, 2:6] = 200
    np.testing.assert_array_equal(resize_images(images, (4, 4), "crop"), np.full((1, 4, 4, 1), 200))


def test_pad_shows_all_of_the_image_between_black_bars():
    images = np.full((1, 4, 8, 1), 200, np.uint8)
    rows = resize_images(images, (8, 8), "pad")[0, :, :, 0].numpy()
    np.testing.assert_array_equal(rows.mean(axis=1), [0, 0, 200, 200, 200, 200, 0, 0])


def test_a_line_does_not_vanish_when_padded():
    images = np.full((1, 1, 1000, 1), 200, np.uint8)
    assert resize_images(images, (8, 8), "pad").numpy().max() == 200


def test_any_number_of_channels_and_float_images():
    assert resize_images(tf.zeros((2, 6, 5, 13)), (3, 4)).shape == (2, 3, 4, 13)
    assert resize_images(tf.zeros((2, 6, 5, 13)), (3, 4)).dtype == tf.float32
