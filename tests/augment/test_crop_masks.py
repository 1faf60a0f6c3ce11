import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.augment import crop_and_resize, crop_masks


def reference(mask, box, image_size, outside):
    """The formula in the docstring, one output pixel at a time."""
    top, left, height, width = (float(number) for number in box)
    result = np.full(image_size, outside, mask.dtype)
    for i in range(image_size[0]):
        for j in range(image_size[1]):
            row = int(np.floor(top + (i + 0.5) * height / image_size[0]))
            column = int(np.floor(left + (j + 0.5) * width / image_size[1]))
            if 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]:
                result[i, j] = mask[row, column]
    return result


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6), dtype=st.sampled_from(["uint8", "int32"]), largest=st.sampled_from([0.6, 1.0, 2.0])
)
def test_equals_the_formula(seed, dtype, largest):
    rng = np.random.default_rng(seed)
    masks = rng.integers(0, 200, (2, 9, 12)).astype(dtype)
    size = rng.uniform(0.2, largest, (2, 2)) * (9, 12)
    begin = rng.uniform(0, 1, (2, 2)) * ((9, 12) - size)
    flipped = rng.uniform(size=(2, 2)) < 0.5
    boxes = np.concatenate([np.where(flipped, begin + size, begin), np.where(flipped, -size, size)], 1).astype(
        "float32"
    )
    cropped = crop_masks(masks, boxes, (7, 11), outside=199).numpy()
    expected = np.array([reference(mask, box, (7, 11), 199) for mask, box in zip(masks, boxes, strict=True)])
    assert cropped.dtype == dtype
    # The center of an output pixel may lie on the edge between two, up to the last digit.
    assert np.mean(cropped != expected) < 0.02


def test_the_whole_mask_is_the_mask_and_a_negative_box_flips_it(rng):
    masks = rng.integers(0, 12, (3, 6, 5), dtype="uint8")
    boxes = tf.constant([[0, 0, 6, 5], [6, 0, -6, 5], [0, 5, 6, -5]], tf.float32)
    expected = [masks[0], masks[1, ::-1], masks[2, :, ::-1]]
    np.testing.assert_array_equal(crop_masks(masks, boxes, (6, 5)), expected)


@pytest.mark.parametrize("box", [(0, 0, 8, 12), (8, 0, -8, 12), (1, 2, 6, 9), (7, 11, -5, -8)])
def test_fits_the_view_of_the_image(rng, box):
    """An image of large squares, cropped with bilinear weights and rounded, is its mask cropped."""
    mask = np.kron(rng.integers(0, 2, (1, 2, 3)), np.ones((1, 4, 4))).astype("uint8")
    boxes = tf.constant([box], tf.float32)
    # An odd number of times larger, so that no center lies on an edge.
    size = (3 * abs(box[2]), 3 * abs(box[3]))
    view = crop_and_resize(tf.cast(mask[..., np.newaxis], tf.float32), boxes, size, antialias=False)[..., 0]
    cropped = crop_masks(mask, boxes, size).numpy()
    sure = np.abs(view - 0.5) > 0.01
    assert sure.mean() > 0.9
    np.testing.assert_array_equal(cropped[sure], (view.numpy() > 0.5)[sure])


def test_outside_of_the_image():
    cropped = crop_masks(np.ones((1, 2, 2), "uint8"), [[-1.0, 0.0, 4.0, 4.0]], (4, 4), outside=255)
    np.testing.assert_array_equal(cropped[0], [[255] * 4, [1, 1, 255, 255], [1, 1, 255, 255], [255] * 4])
