import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.tasks import ROTATIONS, all_rotations


@settings(max_examples=20, deadline=None)
@given(batch=st.integers(1, 4), side=st.integers(1, 6), channels=st.integers(1, 4), seed=st.integers(0, 99))
def test_every_label_names_its_quarter_turns_exactly(batch, side, channels, seed):
    images = np.random.default_rng(seed).integers(0, 256, (batch, side, side, channels), dtype="uint8")
    rotated, labels = all_rotations(images)
    assert rotated.dtype == tf.uint8 and labels.dtype == tf.int32
    assert sorted(labels.numpy()) == sorted(list(range(ROTATIONS)) * batch)
    for row, (image, turns) in enumerate(zip(rotated.numpy(), labels.numpy(), strict=True)):
        np.testing.assert_array_equal(image, np.rot90(images[row % batch], turns))


def test_compiles_under_xla(rng):
    images = rng.integers(0, 256, (3, 5, 5, 2)).astype("float32")
    for ours, theirs in zip(tf.function(all_rotations, jit_compile=True)(images), all_rotations(images), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_only_square_images_can_be_turned():
    with pytest.raises(ValueError, match=r"must be square.*crops.*Received: images of shape \(8, 6, 3\)"):
        all_rotations(np.zeros((2, 8, 6, 3)))
