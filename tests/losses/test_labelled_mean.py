import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.losses import labelled_mean


def value_and_gradient(values, labelled):
    values = tf.convert_to_tensor(values, tf.float32)
    weight = distribute.share(tf.shape(values)[0]).weight
    with tf.GradientTape() as tape:
        tape.watch(values)
        mean = labelled_mean(values, labelled)
    return weight * mean, tape.gradient(mean, values, output_gradients=weight)


@pytest.mark.parametrize("shape", [(6,), (3, 4, 5)])
def test_is_the_mean_of_what_is_labelled(rng, shape):
    values, labelled = rng.normal(size=shape).astype("float32"), rng.random(shape) < 0.5
    mean, gradient = value_and_gradient(values, labelled)
    np.testing.assert_allclose(mean, values[labelled].mean(), rtol=1e-5)
    np.testing.assert_allclose(gradient, labelled / labelled.sum(), rtol=1e-6)


def test_of_nothing_is_zero_with_a_gradient_of_zero():
    mean, gradient = value_and_gradient([1.0, 2.0], [False, False])
    assert mean == 0 and not np.any(gradient)


@pytest.mark.parametrize("first", [3, 4], ids=["even", "uneven"])
@pytest.mark.parametrize("labelled", [[1, 1, 0, 1, 0, 0], [1, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]])
def test_replicas_with_unequal_labels_average_to_the_global_mean(rng, labelled, first, two_replicas):
    values, labelled = rng.normal(size=6).astype("float32"), np.array(labelled, bool)

    def rows(array):
        shares = np.split(array, [first])
        return two_replicas.experimental_distribute_values_from_function(
            lambda context: tf.constant(shares[context.replica_id_in_sync_group])
        )

    results = two_replicas.run(tf.function(value_and_gradient), (rows(values), rows(labelled)))
    means, gradients = (two_replicas.experimental_local_results(result) for result in results)
    mean, gradient = value_and_gradient(values, labelled)
    np.testing.assert_allclose(sum(means), mean, rtol=1e-5)
    np.testing.assert_allclose(tf.concat(gradients, axis=0), gradient, rtol=1e-5)
