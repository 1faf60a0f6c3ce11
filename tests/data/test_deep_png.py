import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import decode_image


@pytest.fixture(scope="module")
def decode():
    return tf.function(decode_image, input_signature=[tf.TensorSpec([], tf.string)])


@pytest.mark.parametrize("bits", [10, 12, 14, 15, 16])
def test_the_chunk_sbit_says_how_many_bits_are_in_use(bits, decode, rng, deep_png):
    values = rng.integers(0, 2**bits, (9, 7))
    values[0, 0] = 2**bits - 1
    image = decode(deep_png(values, [bits]))
    np.testing.assert_array_equal(image, np.repeat(values[..., None] >> (bits - 8), 3, axis=-1))
    assert image[0, 0, 0] == 255


def test_values_that_fill_16_bits_as_the_png_specification_wants_them_are_not_scaled_twice(decode, rng, deep_png):
    for largest in (4096, 256):  # 256: so dark that scaled up they stay below 4096
        values = rng.integers(0, largest, (9, 7))
        for scaled in (values << 4, values << 4 | values >> 8):
            np.testing.assert_array_equal(decode(deep_png(scaled, [12]))[..., 0], values >> 4)


def test_of_colors_the_widest_channel_counts(decode, rng, deep_png):
    values = rng.integers(0, 1024, (9, 7, 3))
    values[0, 0] = [1023, 4095, 1023]
    np.testing.assert_array_equal(decode(deep_png(values, [10, 12, 10])), values >> 4)


def test_of_gray_with_alpha_the_gray_counts(decode, rng, deep_png):
    values = rng.integers(0, 1024, (9, 7, 2))
    np.testing.assert_array_equal(decode(deep_png(values, [10, 16]))[..., 0], values[..., 0] >> 2)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_user_says_how_many_bits_are_in_use(channels, rng, deep_png):
    values = rng.integers(0, 4096, (9, 7))
    for content in (deep_png(values), deep_png(values, [14])):
        image = decode_image(content, channels, bits=12)
        np.testing.assert_array_equal(image, np.repeat(values[..., None] >> 4, channels, axis=-1))


def test_values_beyond_the_bits_are_an_error_with_the_number(deep_png):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)bits=12, up to.*4096"):
        decode_image(deep_png([[4096]]), bits=12)


def test_files_of_8_bits_are_not_concerned(rng, deep_png):
    values = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    content = deep_png(values, [5, 6, 5])
    np.testing.assert_array_equal(decode_image(content, bits=12), values)


@pytest.mark.parametrize("bits", [7, 17, 12.0, True, "12"])
def test_bits_are_checked(bits, deep_png):
    with pytest.raises(ValueError, match="from 8 to 16.*Received: bits="):
        decode_image(deep_png([[1]]), bits=bits)
