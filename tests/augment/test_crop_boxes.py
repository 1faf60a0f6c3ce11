import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.augment import crop_boxes

SETTINGS = settings(max_examples=30, deadline=None, derandomize=True)


def random_boxes(rng, shape):
    corners = np.sort(rng.uniform(0, 1, (*shape, 2, 2)), axis=-2)
    return corners.reshape(*shape, 4).astype("float32")


def random_windows(rng, count, largest=1.0):
    """Some larger than the image, some flipped."""
    size = rng.uniform(0.1, largest, (count, 2))
    begin = rng.uniform(0, 1, (count, 2)) * (1 - size)
    flipped = rng.uniform(size=(count, 2)) < 0.5
    begin, size = np.where(flipped, begin + size, begin), np.where(flipped, -size, size)
    return np.concatenate([begin, size], axis=1).astype("float32")


def reference(box, window, min_visible):
    """Intersect in the coordinates of the image, then move."""
    top, left, bottom, right = (float(number) for number in box)
    a, b, height, width = (float(number) for number in window)
    (low, high), (west, east) = sorted((a, a + height)), sorted((b, b + width))
    visible = [max(top, low), max(left, west), min(bottom, high), min(right, east)]
    if visible[0] >= visible[2] or visible[1] >= visible[3]:
        return [-1] * 4
    share = (visible[2] - visible[0]) * (visible[3] - visible[1]) / ((bottom - top) * (right - left))
    if share < min_visible:
        return [-1] * 4
    rows = sorted((y - a) / height for y in (visible[0], visible[2]))
    columns = sorted((x - b) / width for x in (visible[1], visible[3]))
    return [rows[0], columns[0], rows[1], columns[1]]


@SETTINGS
@given(
    seed=st.integers(0, 10**6), largest=st.sampled_from([0.5, 1.0, 2.0]), min_visible=st.sampled_from([0, 0.3, 0.9])
)
def test_equals_the_definition(seed, largest, min_visible):
    rng = np.random.default_rng(seed)
    boxes, windows = random_boxes(rng, (3, 5)), random_windows(rng, 3, largest)
    moved, kept = (output.numpy() for output in crop_boxes(boxes, windows, min_visible))
    expected = [
        [reference(box, window, min_visible) for box in row] for row, window in zip(boxes, windows, strict=True)
    ]
    np.testing.assert_allclose(moved, expected, atol=1e-4)
    np.testing.assert_array_equal(kept, moved[..., 0] >= 0)


def test_of_the_whole_image_changes_nothing(rng):
    boxes = random_boxes(rng, (2, 7))
    moved, kept = crop_boxes(boxes, [[0.0, 0.0, 1.0, 1.0]] * 2, min_visible=1.0)
    np.testing.assert_array_equal(moved, boxes)
    assert kept.numpy().all()


def test_flipped_twice_is_the_box(rng):
    boxes = random_boxes(rng, (2, 7))
    upside_down, mirrored = [[1.0, 0.0, -1.0, 1.0]] * 2, [[0.0, 1.0, 1.0, -1.0]] * 2
    once = crop_boxes(boxes, upside_down)[0].numpy()
    np.testing.assert_allclose(
        once, np.stack([1 - boxes[..., 2], boxes[..., 1], 1 - boxes[..., 0], boxes[..., 3]], -1)
    )
    np.testing.assert_allclose(crop_boxes(once, upside_down)[0], boxes, atol=1e-6)
    once = crop_boxes(boxes, mirrored)[0].numpy()
    np.testing.assert_allclose(
        once, np.stack([boxes[..., 0], 1 - boxes[..., 3], boxes[..., 2], 1 - boxes[..., 1]], -1)
    )
    np.testing.assert_allclose(crop_boxes(once, mirrored)[0], boxes, atol=1e-6)


def test_boxes_with_too_little_left_are_dropped_and_the_others_stay_in_their_rows():
    # Of the height a share of 1, 0.25, 0, 0.5 lies in the upper half of the image.
    boxes = np.array(
        [[0.1, 0.0, 0.4, 1.0], [0.4, 0.0, 0.8, 1.0], [0.5, 0.0, 0.9, 1.0], [0.4, 0.0, 0.6, 1.0]], "float32"
    )
    window = [[0.0, 0.0, 0.5, 1.0]]
    moved, kept = crop_boxes(boxes[np.newaxis], window, min_visible=0.3)
    np.testing.assert_array_equal(kept, [[True, False, False, True]])
    expected = [[0.2, 0.0, 0.8, 1.0], [-1] * 4, [-1] * 4, [0.8, 0.0, 1.0, 1.0]]
    np.testing.assert_allclose(moved[0], expected, atol=1e-6)
    # What is out of sight is dropped even where any share does.
    np.testing.assert_array_equal(crop_boxes(boxes[np.newaxis], window, 0.0)[1], [[True, True, False, True]])


@pytest.mark.parametrize(
    "window", [(0, 0, 1, 1), (0.2, 0.3, 0.5, 0.5), (1, 1, -1, -1), (-1, -1, 3, 3), (2, 2, -4, -4)]
)
def test_rows_without_an_object_stay_so(window):
    boxes = np.full((1, 3, 4), -1, "float32")
    moved, kept = crop_boxes(boxes, np.array([window], "float32"), min_visible=0.0)
    np.testing.assert_array_equal(moved, boxes)
    assert not kept.numpy().any()


def test_no_boxes_at_all():
    moved, kept = crop_boxes(np.zeros((2, 0, 4), "float32"), [[0.0, 0.0, 1.0, 1.0]] * 2)
    assert moved.shape == (2, 0, 4)
    assert kept.shape == (2, 0)
