import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import augment
from keras_ssl.augment import MultiCrop

SEED = (3, 4)


def crops(size, scale):
    return augment.compose([augment.RandomResizedCrop(size, scale, flip_probability=0.5)], jit_compile=False)


@pytest.fixture
def multi_crop():
    return MultiCrop(crops(8, (0.3, 1.0)), crops(4, (0.05, 0.3)), global_crops=2, local_crops=3)


def test_two_sizes_view_after_view(images, multi_crop):
    large, small = multi_crop(images, seed=SEED)
    assert large.shape == (2 * 8, 8, 8, 3) and small.shape == (3 * 8, 4, 4, 3)
    assert large.dtype == small.dtype == tf.float32
    assert multi_crop.image_size == (8, 8) and multi_crop.local_size == (4, 4)


def test_one_seed_gives_one_result_eager_and_in_a_graph(images, multi_crop):
    expected = multi_crop(images, seed=SEED)
    for views in (multi_crop(images, seed=SEED), tf.function(multi_crop)(images, seed=SEED)):
        for ours, theirs in zip(views, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-2)
    other, _ = multi_crop(images, seed=(3, 5))
    assert np.abs(other - expected[0]).max() > 1


def test_no_view_is_seen_twice(images, multi_crop):
    same = np.repeat(images[:1], 8, axis=0)
    for views in multi_crop(same, seed=SEED):
        flat = np.round(views, 2).reshape(len(views), -1)
        assert len(np.unique(flat, axis=0)) == len(flat)


def test_two_replicas_equal_one_global_batch(images, multi_crop):
    whole = multi_crop(images, seed=SEED)
    halves = [multi_crop(images[first : first + 4], seed=SEED, first_row=first) for first in (0, 4)]
    for views, first, second in zip(whole, *halves, strict=True):
        # Rows of each view: those of the first replica, then those of the second.
        per_view = [np.reshape(part, (-1, 4, *views.shape[1:])) for part in (first, second)]
        np.testing.assert_allclose(np.concatenate(per_view, axis=1).reshape(views.shape), views, atol=1e-2)


def test_under_xla_inside_of_a_compiled_step(images):
    large, small = (augment.compose([augment.RandomResizedCrop(size)], jit_compile=True) for size in (8, 4))
    multi_crop = MultiCrop(large, small, local_crops=2)
    assert multi_crop.supports_jit
    views = tf.function(multi_crop, jit_compile=True)(images, seed=SEED)
    for ours, theirs in zip(views, multi_crop(images, seed=SEED), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-1)


def test_without_a_seed_each_call_draws_a_new_one(images):
    def two(seed):
        multi_crop = MultiCrop(crops(8, (0.3, 1.0)), crops(4, (0.05, 0.3)), local_crops=1, seed=seed)
        return [multi_crop(images)[0].numpy() for _ in range(2)]

    first, second = two(1)
    assert (first != second).any()
    np.testing.assert_array_equal(two(1), (first, second))


def test_saving_and_loading(images, multi_crop):
    config = keras.saving.serialize_keras_object(multi_crop)
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == multi_crop.get_config()
    for ours, theirs in zip(copy(images, seed=SEED), multi_crop(images, seed=SEED), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_says_what_it_is_not_made_of():
    with pytest.raises(TypeError, match="`local_augmenter` must be.*Received"):
        MultiCrop(crops(8, (0.3, 1.0)), augment.RandomFlip())
    with pytest.raises(ValueError, match="Received: local_crops=0"):
        MultiCrop(crops(8, (0.3, 1.0)), crops(4, (0.05, 0.3)), local_crops=0)
