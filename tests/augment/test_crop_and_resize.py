import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import crop_and_resize


def weights(start, length, pixels, size, antialias):
    """The formula in the docstring, one output pixel at a time."""
    rows = np.zeros((size, pixels))
    for i in range(size):
        p = min(max(start + (i + 0.5) * length / size, 0), pixels)
        r = max(1.0, abs(length) / size) if antialias else 1.0
        rows[i] = [max(0.0, 1.0 - abs(p - j - 0.5) / r) for j in range(pixels)]
        rows[i] /= rows[i].sum()
    return rows


def reference(image, box, image_size, mirror, antialias):
    top, left, height, width = box
    left, width = (left + width, -width) if mirror else (left, width)
    down = weights(top, height, image.shape[0], image_size[0], antialias)
    across = weights(left, width, image.shape[1], image_size[1], antialias)
    return np.einsum("oh,hwc,pw->opc", down, image, across)


def random_boxes(rng, count, height, width):
    size = rng.uniform(0.2, 1.0, (count, 2)) * (height, width)
    corner = rng.uniform(0, 1, (count, 2)) * ((height, width) - size)
    return np.concatenate([corner, size], axis=1).astype("float32")


@pytest.mark.parametrize("antialias", [True, False])
# Up to the same size, two times smaller, and so much smaller that it becomes a matrix product.
@pytest.mark.parametrize("image_size", [(15, 24), (7, 10), (3, 2)])
def test_equals_the_formula(images, rng, image_size, antialias):
    images = images.astype("float32")
    boxes = random_boxes(rng, 8, *images.shape[1:3])
    mirror = np.arange(8) % 2 == 0
    crops = crop_and_resize(images, boxes, image_size, mirror, antialias)
    expected = [reference(*each, image_size, m, antialias) for *each, m in zip(images, boxes, mirror, strict=True)]
    np.testing.assert_allclose(crops, expected, atol=1e-3)


def test_without_antialias_equals_tf_crop_and_resize(images, rng):
    images = images.astype("float32")
    height, width = images.shape[1:3]
    boxes = random_boxes(rng, 8, height, width)
    # tf.image.crop_and_resize counts from the first pixel's center to the last one's, and reads 0 beyond, so the
    # boxes stay a pixel away from the border, and its boxes begin and end at the outermost samples.
    boxes[:, :2] = 1 + boxes[:, :2] * (height - 2, width - 2) / np.array((height, width), "float32")
    boxes[:, 2:] *= (height - 2, width - 2) / np.array((height, width), "float32")
    size = np.array((9, 11))
    step = boxes[:, 2:] / size
    begin = boxes[:, :2] + 0.5 * step - 0.5
    end = boxes[:, :2] + (size - 0.5) * step - 0.5
    tf_boxes = np.concatenate([begin, end], axis=1) / (height - 1, width - 1, height - 1, width - 1)
    expected = tf.image.crop_and_resize(images, tf_boxes, np.arange(8), size)
    np.testing.assert_allclose(crop_and_resize(images, boxes, (9, 11), antialias=False), expected, atol=2e-3)


@pytest.mark.parametrize("image_size", [(15, 20), (8, 9), (5, 30), (40, 33), (2, 2)])
def test_of_the_whole_image_equals_tf_resize(images, image_size):
    images = images.astype("float32")
    boxes = np.tile(np.array([[0, 0, *images.shape[1:3]]], "float32"), (8, 1))
    for antialias in (True, False):
        expected = tf.image.resize(images, image_size, antialias=antialias)
        np.testing.assert_allclose(crop_and_resize(images, boxes, image_size, None, antialias), expected, atol=1e-3)


def test_with_antialias_equals_tf_resize_of_the_crop_inside_of_it(images):
    """At the border of the crop, tf.image.resize cannot see the image beyond; ours averages over it."""
    images = images.astype("float32")
    boxes = np.tile(np.array([[2, 4, 12, 16]], "float32"), (8, 1))
    expected = tf.image.resize(images[:, 2:14, 4:20], (6, 8), antialias=True)
    crops = crop_and_resize(images, boxes, (6, 8))
    np.testing.assert_allclose(crops[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1], atol=1e-3)


def test_antialias_averages_away_a_checkerboard():
    board = np.indices((30, 30)).sum(axis=0)[np.newaxis, ..., np.newaxis].astype("float32") % 2 * 255
    box = np.array([[0, 0, 30, 30]], "float32")
    averaged = crop_and_resize(board, box, (10, 10))
    sampled = crop_and_resize(board, box, (10, 10), antialias=False)
    assert np.std(averaged[:, 2:-2, 2:-2]) < 5 < 120 < np.std(sampled[:, 2:-2, 2:-2])


def test_a_constant_image_stays_constant(rng):
    images = np.full((4, 16, 12, 2), 77.0, "float32")
    np.testing.assert_allclose(crop_and_resize(images, random_boxes(rng, 4, 16, 12), (5, 5)), 77.0, rtol=1e-5)


def test_a_negative_height_or_width_flips(images, rng):
    images = images.astype("float32")
    boxes = random_boxes(rng, 8, *images.shape[1:3])
    top, left, height, width = boxes.T
    expected = crop_and_resize(images, boxes, (9, 11)).numpy()
    upside_down = crop_and_resize(images, np.stack([top + height, left, -height, width], axis=1), (9, 11))
    np.testing.assert_allclose(upside_down, expected[:, ::-1], atol=1e-3)
    mirrored = crop_and_resize(images, np.stack([top, left + width, height, -width], axis=1), (9, 11))
    np.testing.assert_allclose(mirrored, expected[:, :, ::-1], atol=1e-3)


# Gathered, and multiplied.
@pytest.mark.parametrize("image_size", [(22, 30), (3, 2)])
def test_beyond_the_image_its_edge_repeats(images, image_size):
    images = images.astype("float32")
    boxes = np.tile(np.array([[-5.5, -7.0, 24.0, 34.0]], "float32"), (8, 1))
    for antialias in (True, False):
        view = crop_and_resize(images, boxes, image_size, None, antialias, largest=1.7)
        expected = [reference(image, boxes[0], image_size, False, antialias) for image in images]
        np.testing.assert_allclose(view, expected, atol=1e-3)
    # Without the average over an output pixel, it is a crop of the image with its edge continued.
    padded = np.pad(images, ((0, 0), (15, 15), (20, 20), (0, 0)), mode="edge")
    moved = boxes + np.array([15, 20, 0, 0], "float32")
    np.testing.assert_allclose(view, crop_and_resize(padded, moved, image_size, None, False), atol=1e-3)


def test_images_of_unknown_size(images, rng):
    images = images.astype("float32")
    boxes = random_boxes(rng, 8, *images.shape[1:3])
    any_size = tf.function(
        lambda images: crop_and_resize(images, boxes, (6, 6)),
        input_signature=[tf.TensorSpec((None, None, None, 3))],
    )
    np.testing.assert_allclose(any_size(images), crop_and_resize(images, boxes, (6, 6)), atol=1e-3)
