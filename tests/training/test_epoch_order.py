import numpy as np
import tensorflow as tf

from keras_ssl.data import from_arrays
from keras_ssl.training import EpochOrder


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
