import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import from_arrays, scale_pixels, set_epoch


@pytest.fixture
def deep(rng):
    return rng.integers(0, 4096, (600, 2, 3, 1), dtype=np.uint16)


def expected(values, low, high):
    return (np.clip(values.astype(float), low, high) - low) / (high - low) * 255


def test_integers_become_uint8_whatever_they_come_in(deep):
    pixels = np.round(expected(deep, 0, 4095))
    for given in (deep, deep.astype("int32"), tf.constant(deep)):
        scaled = scale_pixels(given, (0, 4095))
        assert scaled.dtype == "uint8" and isinstance(scaled, type(given))
        np.testing.assert_array_equal(scaled, pixels)
    assert pixels.min() == 0 and pixels.max() == 255


def test_floats_become_float32_and_what_lies_beyond_is_cut_off(rng):
    units = rng.uniform(-2000, 2000, (5, 4, 4, 1))
    scaled = scale_pixels(units, [-1000, 400])
    assert scaled.dtype == "float32" and scaled.min() == 0 and scaled.max() == 255
    np.testing.assert_allclose(scaled, expected(units, -1000, 400), rtol=1e-5, atol=1e-4)


def test_whole_numbers_of_32_bits_keep_their_differences():
    values = np.array([2**30, 2**30 + 1, 2**30 + 5], "int32")
    assert scale_pixels(values, (2**30, 2**30 + 5)).tolist() == [0, 51, 255]


def test_data_sets_keep_their_labels_and_their_order(deep):
    labels = np.arange(600)
    dicts = tf.data.Dataset.from_tensor_slices({"image": deep, "label": labels, "id": labels}).batch(600)
    for dataset in (tf.data.Dataset.from_tensors((deep, labels)), dicts):
        ((images, found),) = scale_pixels(dataset, (0, 4095))
        np.testing.assert_array_equal(images, scale_pixels(deep, (0, 4095)))
        np.testing.assert_array_equal(found, labels)
    shuffled = scale_pixels(from_arrays(deep.astype("float32"), batch_size=600), (0, 4095))
    first = next(iter(shuffled))
    set_epoch(shuffled, 0)
    np.testing.assert_array_equal(next(iter(shuffled)), first)


@pytest.mark.parametrize("value_range", [(255, 0), (0, 0), (0, float("inf")), 4095, (0, 1, 2), ("a", "b"), None])
def test_what_is_no_range_is_refused(value_range):
    with pytest.raises(ValueError, match=r"`value_range` must be \(low, high\).*Received: value_range="):
        scale_pixels(np.zeros(3), value_range)
