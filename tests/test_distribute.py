import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import distribute


def test_one_device_is_replica_zero_of_one():
    assert distribute.num_replicas() == 1 and distribute.replica_id() == 0
    rows = tf.constant([[1.0], [2.0]])
    assert distribute.gather(rows) is rows and distribute.mean(rows) is rows


def test_gather_joins_rows_in_the_order_of_replicas_and_passes_gradients(two_replicas):

    @tf.function
    def on_replica():
        own = tf.fill((2, 1), tf.cast(distribute.replica_id(), tf.float32) + 1)
        with tf.GradientTape() as tape:
            tape.watch(own)
            everybody = distribute.gather(own)
            loss = tf.reduce_sum(everybody * tf.constant([[1.0], [2.0], [3.0], [4.0]]))
        return everybody, tape.gradient(loss, own), distribute.mean(own[0, 0])

    everybody, gradients, means = (
        [np.asarray(v) for v in two_replicas.experimental_local_results(value)]
        for value in two_replicas.run(on_replica)
    )
    for seen in everybody:
        np.testing.assert_array_equal(seen.ravel(), [1, 1, 2, 2])
    # Both replicas' losses depend on a row, so its gradient is the sum over them.
    np.testing.assert_array_equal(gradients[0].ravel(), [2, 4])
    np.testing.assert_array_equal(gradients[1].ravel(), [6, 8])
    np.testing.assert_array_equal(means, [1.5, 1.5])


def test_strategies_by_name():
    assert distribute.strategy() is tf.distribute.get_strategy()
    with pytest.raises(ValueError, match="mirrored.*Received: name='gpu'"):
        distribute.strategy("gpu")
