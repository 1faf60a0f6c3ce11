import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import distribute, losses

WITHIN_THE_BATCH = [
    losses.nt_xent,
    losses.decoupled_nt_xent,
    losses.info_nce,
    losses.nnclr,
    losses.barlow_twins,
    losses.vicreg,
]


def test_on_one_device_they_are_the_views_themselves():
    z_a, z_b = tf.ones((4, 2)), tf.zeros((4, 2))
    all_a, all_b, first_row = losses.gather_views(z_a, z_b)
    assert all_a is z_a and all_b is z_b and first_row == 0


@pytest.mark.parametrize("first", [3, 4], ids=["even", "uneven"])
@pytest.mark.parametrize("loss", WITHIN_THE_BATCH, ids=lambda loss: loss.__name__)
def test_two_replicas_compute_the_loss_and_the_gradient_of_one(loss, first, views, two_replicas):
    matrix = tf.Variable(np.eye(5, dtype="float32"))  # stands for the network

    def value_and_gradient(z_a, z_b):
        weight = distribute.share(tf.shape(z_a)[0]).weight
        with tf.GradientTape() as tape:
            z_a, z_b = z_a @ matrix, z_b @ matrix
            value = loss(z_a, z_b, global_views=losses.gather_views(z_a, z_b))
        return weight * value, tape.gradient(value, matrix, output_gradients=weight)

    def rows(z):
        shares = np.split(z, [first])
        return two_replicas.experimental_distribute_values_from_function(
            lambda context: tf.constant(shares[context.replica_id_in_sync_group])
        )

    results = two_replicas.run(tf.function(value_and_gradient), (rows(views[0]), rows(views[1])))
    values, gradients = (two_replicas.experimental_local_results(result) for result in results)
    value, gradient = value_and_gradient(*(tf.constant(z) for z in views))
    np.testing.assert_allclose(sum(values), value, rtol=1e-5)
    np.testing.assert_allclose(tf.add_n(gradients), gradient, atol=1e-4)
