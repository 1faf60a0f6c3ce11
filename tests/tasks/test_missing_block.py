import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.augment import Draws
from keras_ssl.tasks import MID_GRAY, blank, block_mask, block_size


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(), height=st.integers(2, 12), width=st.integers(2, 12), drawn=st.booleans(), seed=st.integers(0, 99)
)
def test_one_block_of_the_size_in_every_image(data, height, width, drawn, seed):
    size = tuple(data.draw(st.integers(1, side)) for side in (height, width))
    mask = block_mask(np.zeros((5, height, width, 2)), size, Draws((seed, 0)) if drawn else None).numpy()
    assert mask.shape == (5, height, width, 1) and mask.dtype == bool
    for image in mask[..., 0]:
        rows, columns = np.nonzero(image.any(1))[0], np.nonzero(image.any(0))[0]
        assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == size
        assert image.sum() == size[0] * size[1]
        if not drawn:
            assert (rows[0], columns[0]) == ((height - size[0]) // 2, (width - size[1]) // 2)


def test_blocks_come_to_every_place_alike():
    mask = block_mask(np.zeros((4000, 5, 4, 1)), (3, 3), Draws((0, 0))).numpy()[..., 0]
    corners, counts = np.unique([np.argwhere(image)[0] for image in mask], axis=0, return_counts=True)
    assert corners.tolist() == [[row, column] for row in range(3) for column in range(2)]
    np.testing.assert_allclose(counts / 4000, 1 / 6, atol=0.03)


def test_blank_hides_the_block_in_every_channel_and_nothing_else(rng):
    images = rng.uniform(0, 100, (3, 8, 8, 3)).astype("float32")
    mask = block_mask(images, (4, 2), Draws((0, 1)))
    blanked = blank(images, mask).numpy()
    np.testing.assert_array_equal(blanked, np.where(mask, MID_GRAY, images))
    assert (blanked == MID_GRAY).sum() == 3 * 4 * 2 * 3


def test_compiles_under_xla():
    images = tf.zeros((6, 8, 8, 1))
    compiled = tf.function(lambda images: block_mask(images, (3, 5), Draws((0, 1))), jit_compile=True)
    np.testing.assert_array_equal(compiled(images), block_mask(images, (3, 5), Draws((0, 1))))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 2.0, 0.01, 0.99])
def test_some_must_be_inside_and_some_outside(share):
    assert block_size((8, 6, 1), 0.5) == (4, 3)
    with pytest.raises(ValueError, match=f"above 0 and below 1.*Received: block_share={share}"):
        block_size((8, 6, 1), share)


def test_a_share_needs_a_size():
    with pytest.raises(ValueError, match="one size.*Received: images of shape .None, None, 3"):
        block_size((None, None, 3), 0.5)
