import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.checks.images import check_images, check_pixels, check_rgb, check_square, pixel_range


@settings(max_examples=50, deadline=None)
@given(lowest=st.floats(0, 255), highest=st.floats(0, 255), batch=st.integers(1, 9))
def test_any_range_of_raw_pixels_passes_and_no_other(lowest, highest, batch):
    fine = highest > 1 and batch >= 2
    if fine:
        check_pixels(batch, lowest, highest, 2, "SimCLR")
    else:
        with pytest.raises(ValueError, match="Received:"):
            check_pixels(batch, lowest, highest, 2, "SimCLR")


@settings(max_examples=50, deadline=None)
@given(shape=st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=6))
def test_only_batches_of_images_of_the_right_channels_pass(shape):
    fine = len(shape) == 4 and shape[-1] in (None, 3) and (shape[0] is None or shape[0] >= 2)
    if fine:
        check_images(shape, "uint8", (None, 8, 8, 3), 2, "SimCLR")
    else:
        with pytest.raises(ValueError, match="Received:"):
            check_images(shape, "uint8", (None, 8, 8, 3), 2, "SimCLR")


@pytest.mark.parametrize("dtype", ["uint16", "int32"])
def test_wide_integers_above_255_are_refused_and_dark_ones_pass(dtype):
    def check(highest):
        images = tf.constant([0, highest], dtype, (2, 1, 1, 1))
        check_pixels(*(float(number) for number in pixel_range(images)), 2, "SimCLR")

    check(1)
    check(255)
    with pytest.raises(ValueError, match="Received: pixels from 0 to 4095"):
        check(4095)


def test_only_rgb_has_colors():
    check_rgb((8, 8, 3))
    with pytest.raises(ValueError, match=r"RGB images.*Received: images of shape \(8, 8, 1\)"):
        check_rgb((8, 8, 1))


def test_only_square_images_can_be_turned():
    check_square((8, 8, 3))
    check_square((None, None, 3))  # any size may be square
    with pytest.raises(ValueError, match=r"must be square.*crops.*Received: images of shape \(8, 6, 3\)"):
        check_square((8, 6, 3))
