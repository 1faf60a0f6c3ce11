import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.transfer.fcos_targets import assign_locations, locations_of

STRIDES = [4, 8, 16]
SIZES = [(16, 24), (8, 12), (4, 6)]  # of an image of 64 × 96


def reference(boxes, classes):
    """Section 3 of the paper with center sampling, location by location and box by box."""
    found = []
    for level, (stride, (height, width)) in enumerate(zip(STRIDES, SIZES, strict=True)):
        shortest = 8 * STRIDES[level - 1] if level else 0
        longest = 8 * stride if stride != STRIDES[-1] else np.inf
        for row, column in np.ndindex(height, width):
            y, x = (row + 0.5) * stride, (column + 0.5) * stride
            best = (-1, np.ones(4), np.inf)
            for (top, left, bottom, right), number in zip(boxes, classes, strict=True):
                sides = np.array([y - top, x - left, bottom - y, right - x])
                middle = abs(y - (top + bottom) / 2), abs(x - (left + right) / 2)
                area = (bottom - top) * (right - left)
                is_of_level = shortest < sides.max() <= longest and sides.min() > 0
                if number >= 0 and is_of_level and max(middle) < 1.5 * stride and area < best[2]:
                    best = number, sides / stride, area
            found.append(best[:2])
    return [number for number, _ in found], [sides for _, sides in found]


sides = st.tuples(*[st.integers(0, 50), st.integers(0, 80), st.integers(1, 60), st.integers(1, 90)])
box = sides.map(lambda b: (b[0] + 0.25, b[1] + 0.25, b[0] + b[2] + 0.5, b[1] + b[3] + 0.5))


@settings(max_examples=25, deadline=None)
@given(boxes=st.lists(box, min_size=1, max_size=5), seed=st.integers(0, 99))
def test_equals_the_paper_s_rule_place_by_place(boxes, seed):
    classes = np.random.default_rng(seed).integers(-1, 3, len(boxes))
    centers, levels = locations_of(SIZES, STRIDES)
    objects = tf.constant([boxes], tf.float32), tf.constant([classes])
    got, distances = assign_locations(*objects, centers, levels, STRIDES)
    expected, sides = reference(boxes, classes)
    np.testing.assert_array_equal(got[0], expected)
    np.testing.assert_allclose(distances[0], sides, rtol=1e-5)


def test_places_are_the_middles_of_a_map_s_pixels():
    centers, levels = locations_of([(1, 2), (1, 1)], [8, 16])
    np.testing.assert_array_equal(centers, [[4, 4], [4, 12], [8, 8]])
    np.testing.assert_array_equal(levels, [0, 0, 1])


def test_rows_without_an_object_belong_to_no_place():
    centers, levels = locations_of(SIZES, STRIDES)
    classes, distances = assign_locations(-tf.ones((2, 3, 4)), -tf.ones((2, 3), tf.int32), centers, levels, STRIDES)
    assert np.all(classes == -1) and np.all(distances == 1)
