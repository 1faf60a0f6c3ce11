import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import augment
from keras_ssl.plots import views


def shifting_augmenter(images, seed):
    """Adds the same random number to all pixels: a function of (images, seed), like any augmenter."""
    return tf.cast(images, tf.float32) + tf.random.stateless_uniform((), seed, 0.0, 50.0)


def shown(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def test_each_row_has_the_image_and_its_views(rng, drawn):
    images = rng.integers(0, 200, (3, 8, 8, 1), "uint8")
    figure = views(shifting_augmenter, images, views=2, seed=4)
    cells = shown(figure)
    for row in range(3):
        np.testing.assert_allclose(cells[3 * row], images[row, :, :, 0] / 255, rtol=1e-6)
        for view in range(2):
            expected = shifting_augmenter(images, tf.constant([4, view]))[row, :, :, 0] / 255
            np.testing.assert_allclose(cells[3 * row + 1 + view], expected, rtol=1e-6)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["image", "view 1", "view 2"]
    assert drawn(figure).std() > 0


def test_a_multi_crop_shows_its_large_and_its_small_crops(rng, drawn):
    crops = augment.MultiCrop(augment.grayscale(8), augment.grayscale(4), local_crops=3)
    figure = views(crops, rng.integers(0, 256, (2, 8, 8, 1), "uint8"))
    assert [cell.shape for cell in shown(figure)[:6]] == [(8, 8)] * 3 + [(4, 4)] * 3
    assert drawn(figure).std() > 0


def test_a_method_brings_its_augmenter(rng):
    class Method:
        augmenter = staticmethod(shifting_augmenter)

    images = rng.integers(0, 200, (2, 8, 8, 3), "uint8")
    for one, other in zip(shown(views(Method(), images)), shown(views(shifting_augmenter, images)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("channels", "shape"), [(1, (8, 8)), (3, (8, 8, 3)), (13, (8, 8))])
def test_any_number_of_channels_is_shown(rng, drawn, channels, shape):
    figure = views(shifting_augmenter, rng.integers(0, 256, (1, 8, 8, channels), "uint8"), views=1)
    assert shown(figure)[0].shape == shape
    drawn(figure)


@pytest.mark.parametrize("images", [np.zeros((0, 8, 8, 1)), np.zeros((8, 8, 1))])
def test_what_is_no_batch_of_images_is_refused(images):
    with pytest.raises(ValueError, match="images of shape"):
        views(shifting_augmenter, images)


def test_views_must_be_positive():
    with pytest.raises(ValueError, match="views=0"):
        views(shifting_augmenter, np.zeros((1, 8, 8, 1)), views=0)
