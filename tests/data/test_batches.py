import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ssl.data import from_arrays
from keras_ssl.data.batches import images_per_epoch, with_length
from keras_ssl.data.order import set_epoch


@given(st.integers(1, 300), st.integers(1, 40), st.booleans(), st.sampled_from([None, True, False]))
def test_every_image_takes_part_but_for_a_remainder(count, batch_size, shuffle, drop_remainder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        used = images_per_epoch(count, batch_size, shuffle, drop_remainder)
    drops = shuffle if drop_remainder is None else drop_remainder
    assert 1 <= used <= count
    assert count - used < batch_size
    if count <= batch_size or not (drops or shuffle):
        assert used == count
    elif drops:
        assert used % batch_size == 0
    else:
        assert used == count or (used == count - 1 and used % batch_size == 0)


def test_a_last_batch_of_one_is_left_out_of_training_with_a_warning():
    images = np.zeros((9, 2, 2, 1), np.uint8)
    with pytest.warns(UserWarning, match="batch of one") as caught:
        dataset = from_arrays(images, batch_size=4, shuffle=True, drop_remainder=False)
    assert len(caught) == 1
    assert [len(batch) for batch in dataset] == [4, 4]


def test_a_batch_of_two_stays():
    images = np.zeros((10, 2, 2, 1), np.uint8)
    dataset = from_arrays(images, batch_size=4, shuffle=True, drop_remainder=False)
    assert [len(batch) for batch in dataset] == [4, 4, 2]


def test_evaluation_keeps_a_last_batch_of_one():
    dataset = from_arrays(np.zeros((9, 2, 2, 1), np.uint8), batch_size=4, shuffle=False)
    assert [len(batch) for batch in dataset] == [4, 4, 1]


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True, None])
def test_the_batch_size_is_checked(batch_size):
    with pytest.raises(ValueError, match="batch_size"):
        from_arrays(np.zeros((9, 2, 2, 1), np.uint8), batch_size=batch_size)


def test_data_sets_of_the_package_run_without_the_tuner_and_parts_keep_their_order():
    dataset = from_arrays(np.arange(8, dtype="uint8").reshape(8, 1, 1, 1), batch_size=2, shuffle=True)
    part = with_length(dataset, 2)
    assert dataset.options().autotune.enabled is False and part.options().autotune.enabled is False
    assert part.epoch is dataset.epoch and part.cardinality() == 2


def test_an_epoch_of_several_passes_has_another_order_in_each_and_is_replayed():
    dataset = from_arrays(np.arange(8, dtype="uint8").reshape(8, 1, 1, 1), batch_size=2, shuffle=True)
    epoch = with_length(dataset, 12)
    assert len(epoch) == 12

    def images_of(number):
        set_epoch(epoch, number)
        return [int(value) for batch in epoch for value in np.ravel(batch)]

    first, second = images_of(0), images_of(1)
    passes = [first[:8], first[8:16], first[16:], second[:8], second[8:16], second[16:]]
    assert all(sorted(images) == list(range(8)) for images in passes)
    assert len({tuple(images) for images in passes}) == 6
    assert images_of(1) == second
