import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.losses import labelled_mean, uncertainty_weighted


def test_equals_the_equation(rng, assert_same_gradients):
    losses, log_variances = rng.uniform(0.1, 3, size=(2, 4))
    assert_same_gradients(
        uncertainty_weighted, lambda loss, s: np.sum(np.exp(-s) * loss + s), (losses, log_variances)
    )


def test_is_the_regression_form_of_the_paper_doubled(rng):
    losses, sigma = rng.uniform(0.1, 3, size=(2, 4))
    paper = np.sum(losses / (2 * sigma**2) + np.log(sigma))
    np.testing.assert_allclose(uncertainty_weighted(losses, np.log(sigma**2)), 2 * paper, rtol=1e-5)


def test_weights_settle_at_the_inverse_of_the_losses():
    losses, log_variances = tf.constant([0.25, 1.0, 4.0]), tf.Variable(tf.zeros(3))
    for _ in range(300):
        with tf.GradientTape() as tape:
            total = uncertainty_weighted(losses, log_variances)
        log_variances.assign_sub(0.1 * tape.gradient(total, log_variances))
    np.testing.assert_allclose(tf.exp(-log_variances), [4.0, 1.0, 0.25], rtol=1e-3)


@pytest.mark.parametrize("loss", [0.0, 5.0])
def test_a_task_that_says_nothing_moves_nothing(loss):
    log_variances = tf.Variable([0.5, -0.5])
    with tf.GradientTape() as tape:
        total = uncertainty_weighted([2.0, loss], log_variances, [True, False])
    np.testing.assert_allclose(total, 2 * np.exp(-0.5) + 0.5, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(total, log_variances), [1 - 2 * np.exp(-0.5), 0.0], rtol=1e-5)


def labelled_mean_value_and_gradient(values, labelled):
    values = tf.convert_to_tensor(values, tf.float32)
    weight = distribute.share(tf.shape(values)[0]).weight
    with tf.GradientTape() as tape:
        tape.watch(values)
        mean = labelled_mean(values, labelled)
    return weight * mean, tape.gradient(mean, values, output_gradients=weight)


@pytest.mark.parametrize("shape", [(6,), (3, 4, 5)])
def test_labelled_mean_is_the_mean_of_what_is_labelled(rng, shape):
    values, labelled = rng.normal(size=shape).astype("float32"), rng.random(shape) < 0.5
    mean, gradient = labelled_mean_value_and_gradient(values, labelled)
    np.testing.assert_allclose(mean, values[labelled].mean(), rtol=1e-5)
    np.testing.assert_allclose(gradient, labelled / labelled.sum(), rtol=1e-6)


def test_labelled_mean_nothing_is_zero_with_a_gradient_of_zero():
    mean, gradient = labelled_mean_value_and_gradient([1.0, 2.0], [False, False])
    assert mean == 0 and not np.any(gradient)


@pytest.mark.parametrize("first", [3, 4], ids=["even", "uneven"])
@pytest.mark.parametrize("labelled", [[1, 1, 0, 1, 0, 0], [1, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]])
def test_labelled_mean_replicas_with_unequal_labels_average_to_the_global_mean(rng, labelled, first, two_replicas):
    values, labelled = rng.normal(size=6).astype("float32"), np.array(labelled, bool)

    def rows(array):
        shares = np.split(array, [first])
        return two_replicas.experimental_distribute_values_from_function(
            lambda context: tf.constant(shares[context.replica_id_in_sync_group])
        )

    results = two_replicas.run(tf.function(labelled_mean_value_and_gradient), (rows(values), rows(labelled)))
    means, gradients = (two_replicas.experimental_local_results(result) for result in results)
    mean, gradient = labelled_mean_value_and_gradient(values, labelled)
    np.testing.assert_allclose(sum(means), mean, rtol=1e-5)
    np.testing.assert_allclose(tf.concat(gradients, axis=0), gradient, rtol=1e-5)
