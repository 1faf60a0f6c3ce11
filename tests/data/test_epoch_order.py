import warnings

import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import from_arrays
from keras_ssl.data.epoch_order import EpochOrder, epochs_done, epochs_of_steps


def numbered(shuffle=True):
    return from_arrays(np.arange(20, dtype="uint8").reshape(20, 1, 1, 1), batch_size=5, shuffle=shuffle, seed=3)


def test_an_epoch_has_its_order_however_often_the_data_was_iterated():
    images = np.arange(20, dtype="uint8").reshape(20, 1, 1, 1)
    dataset = from_arrays(images, batch_size=5, shuffle=True, seed=3)
    orders = []
    for epoch in (0, 1, 1):
        EpochOrder(dataset).on_epoch_begin(epoch)
        orders.append(np.concatenate(list(dataset.as_numpy_iterator())).ravel().tolist())
    assert orders[1] == orders[2] != orders[0]


def test_a_data_set_of_the_users_own_is_left_alone():
    EpochOrder(tf.data.Dataset.range(3)).on_epoch_begin(1)


def test_short_epochs_of_a_shuffled_data_set_are_epochs_of_their_own():
    for dataset in (numbered(), numbered().map(lambda images: images), numbered().repeat()):
        short, left_for_keras = epochs_of_steps(dataset, 3)
        assert len(short) == 3 and left_for_keras is None
        orders = []
        for epoch in (1, 0, 1):
            EpochOrder(short).on_epoch_begin(epoch)
            orders.append(np.concatenate(list(short.as_numpy_iterator())).ravel().tolist())
        assert orders[0] == orders[2] != orders[1]


def test_where_replay_ends_it_is_said():
    with pytest.warns(UserWarning, match="resumed begins with other images"):
        assert epochs_of_steps(numbered(shuffle=False), 3)[1] == 3
    with pytest.warns(UserWarning, match="cannot be replayed"):
        EpochOrder(numbered().shuffle(2).map(lambda images: images))
    with pytest.warns(UserWarning, match="`.cache` repeats the first"):
        EpochOrder(numbered().cache())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        EpochOrder(numbered(shuffle=False).cache())


def test_epochs_that_end_where_the_data_does_and_data_of_others_are_left_to_keras():
    foreign = tf.data.Dataset.range(8).shuffle(8).batch(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        EpochOrder(foreign)
        assert epochs_of_steps(numbered(), None)[1] is None
        for dataset, steps in ((numbered(shuffle=False), 4), (numbered(), 9), (foreign, 3), (np.zeros(3), 2)):
            assert epochs_of_steps(dataset, steps) == (dataset, steps)


def test_epochs_are_counted_by_steps():
    assert [epochs_done(numbered(), steps) for steps in (0, 3, 4, 9)] == [0, 0, 1, 2]
    assert epochs_done(numbered().repeat(), 9) == 9
