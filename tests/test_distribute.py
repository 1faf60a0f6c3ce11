import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import distribute


def test_one_device_is_replica_zero_of_one():
    assert distribute.num_replicas() == 1 and distribute.replica_id() == 0
    rows = tf.constant([[1.0], [2.0]])
    share = distribute.share(2)
    assert share == (0, 2, 2) and share.weight == 1
    assert distribute.gather(rows) is rows and distribute.total(rows) is rows
    assert distribute.mean(rows, share) is rows


@pytest.mark.parametrize("rows, replicas, last", [(9, 2, 4), (1, 2, 0), (4, 3, 0), (7, 3, 1), (6, 3, 2), (5, 1, 5)])
def test_what_tf_distribute_deals_to_the_last_replica_is_known(rows, replicas, last):
    assert max(0, distribute.smallest_share(rows, replicas)) == last


def test_shares_of_different_sizes_have_their_place_their_weight_and_their_gradient(two_replicas):
    numbers = np.arange(1.0, 6.0, dtype="float32")[:, np.newaxis]
    shares = np.split(numbers, [2])

    @tf.function
    def on_replica(own):
        share = distribute.share(tf.shape(own)[0])
        with tf.GradientTape() as tape:
            tape.watch(own)
            loss = tf.reduce_sum(distribute.gather(own) ** 2)
        gradient = tape.gradient(loss, own, output_gradients=share.weight)
        return share.first_row, share.weight, distribute.mean(tf.reduce_mean(own), share), gradient

    own = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.constant(shares[context.replica_id_in_sync_group])
    )
    first_rows, weights, means, gradients = map(
        two_replicas.experimental_local_results, two_replicas.run(on_replica, (own,))
    )
    assert [int(first) for first in first_rows] == [0, 2]
    np.testing.assert_allclose(weights, [0.4, 0.6])
    np.testing.assert_allclose(means, [3.0, 3.0])
    np.testing.assert_allclose(tf.concat(gradients, axis=0), 2 * numbers)


def test_gather_joins_rows_in_the_order_of_replicas_and_passes_gradients(two_replicas):

    @tf.function
    def on_replica():
        own = tf.fill((2, 1), tf.cast(distribute.replica_id(), tf.float32) + 1)
        with tf.GradientTape() as tape:
            tape.watch(own)
            everybody = distribute.gather(own)
            loss = tf.reduce_sum(everybody * tf.constant([[1.0], [2.0], [3.0], [4.0]]))
        return everybody, tape.gradient(loss, own), distribute.total(own[0, 0])

    everybody, gradients, sums = (
        [np.asarray(v) for v in two_replicas.experimental_local_results(value)]
        for value in two_replicas.run(on_replica)
    )
    for seen in everybody:
        np.testing.assert_array_equal(seen.ravel(), [1, 1, 2, 2])
    # Both replicas' losses depend on a row, so its gradient is the sum over them.
    np.testing.assert_array_equal(gradients[0].ravel(), [2, 4])
    np.testing.assert_array_equal(gradients[1].ravel(), [6, 8])
    np.testing.assert_array_equal(sums, [3, 3])


def test_strategies_by_name():
    assert distribute.strategy() is tf.distribute.get_strategy()
    with pytest.raises(ValueError, match="mirrored.*Received: name='gpu'"):
        distribute.strategy("gpu")
