import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.optimizers import LARS, scaled_cosine


def lars(weights, gradients, learning_rates, momentum=0.9, l2=1e-6, trust_coefficient=0.001):
    """Algorithm 1 of You et al. for one layer, with SimCLR's denominator."""
    velocity = np.zeros_like(weights)
    for gradient, learning_rate in zip(gradients, learning_rates, strict=True):
        gradient = gradient + l2 * weights
        local_rate = trust_coefficient * np.linalg.norm(weights) / np.linalg.norm(gradient)
        velocity = momentum * velocity + learning_rate * local_rate * gradient
        weights = weights - velocity
    return weights


@settings(max_examples=15, deadline=None)
@given(momentum=st.floats(0.0, 0.99), l2=st.floats(0.0, 1.0), trust_coefficient=st.floats(1e-3, 1e-1))
def test_equals_the_paper(momentum, l2, trust_coefficient):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(3, 2, 4)), rng.normal(size=(4, 3, 2, 4))
    variable = keras.Variable(start)
    optimizer = LARS(0.5, momentum=momentum, l2=l2, trust_coefficient=trust_coefficient)
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient, "float32")], [variable])
    expected = lars(start, gradients, [0.5] * 4, momentum, l2, trust_coefficient)
    np.testing.assert_allclose(variable, expected, rtol=1e-4, atol=1e-5)


def test_each_layer_has_its_own_ratio_and_the_schedule_its_say(rng):
    schedule = scaled_cosine(2.0, 256, total_steps=6, warmup_steps=2)
    starts = [rng.normal(size=(4, 3)), 100 * rng.normal(size=(2, 5))]
    gradients = [[rng.normal(size=start.shape) for _ in range(6)] for start in starts]
    variables = [keras.Variable(start) for start in starts]
    optimizer = LARS(schedule)
    for step in range(6):
        optimizer.apply([tf.constant(layer[step], "float32") for layer in gradients], variables)
    rates = [float(schedule(step)) for step in range(6)]
    for variable, start, layer in zip(variables, starts, gradients, strict=True):
        np.testing.assert_allclose(variable, lars(start, layer, rates), rtol=1e-5)


@given(scale=st.floats(1e-3, 1e3))
@settings(max_examples=10, deadline=None)
def test_the_step_does_not_depend_on_the_size_of_the_gradient(scale):
    gradient = np.random.default_rng(0).normal(size=(3, 4))
    variable = keras.Variable(np.ones((3, 4)))
    LARS(1.0, l2=0.0).apply([tf.constant(scale * gradient, "float32")], [variable])
    step = np.linalg.norm(variable.numpy() - 1)
    np.testing.assert_allclose(step, 0.001 * np.sqrt(12), rtol=1e-3)


@pytest.mark.parametrize("shape", [(), (3,)])
def test_biases_and_normalization_get_plain_sgd(shape):
    variable = keras.Variable(np.ones(shape))
    optimizer = LARS(0.1, momentum=0.9, l2=10.0)
    for _ in range(2):
        optimizer.apply([tf.ones(shape)], [variable])
    np.testing.assert_allclose(variable, np.full(shape, 1 - 0.1 - (0.1 + 0.9 * 0.1)), rtol=1e-6)


def test_biases_can_be_adapted_too():
    variable = keras.Variable(np.ones(3))
    LARS(1.0, l2=0.0, exclude_bias_and_norm=False).apply([tf.fill([3], 50.0)], [variable])
    np.testing.assert_allclose(variable, np.full(3, 0.999), rtol=1e-6)


@pytest.mark.parametrize("start, gradient", [(0.0, 1.0), (1.0, 0.0)])
def test_a_norm_of_zero_means_a_trust_ratio_of_one(start, gradient):
    variable = keras.Variable(np.full((2, 2), start))
    LARS(0.1, l2=0.0).apply([tf.fill([2, 2], gradient)], [variable])
    np.testing.assert_allclose(variable, np.full((2, 2), start - 0.1 * gradient), rtol=1e-6)


def test_training_goes_on_bit_for_bit_after_loading(whole_and_resumed):
    whole, second = whole_and_resumed(lambda: LARS(scaled_cosine(50.0, 256, 20, 2)))
    pairs = zip(whole.weights + whole.optimizer.variables, second.weights + second.optimizer.variables, strict=True)
    for got, expected in pairs:
        np.testing.assert_array_equal(got, expected)


def test_same_under_xla(rng):
    start, gradient = rng.normal(size=(3, 4)), tf.constant(rng.normal(size=(3, 4)), "float32")
    results = []
    for jit_compile in (False, True):
        variable, optimizer = keras.Variable(start), LARS(0.5)
        optimizer.build([variable])
        step = tf.function(lambda optimizer=optimizer: optimizer.apply([gradient]), jit_compile=jit_compile)
        step()
        step()
        results.append(variable.numpy())
    assert np.any(results[0] != start.astype("float32"))
    np.testing.assert_allclose(*results, rtol=1e-6)


def test_under_loss_scaling(rng):
    start, gradient = rng.normal(size=(3, 4)), tf.constant(rng.normal(size=(3, 4)), "float32")
    plain, scaled = keras.Variable(start), keras.Variable(start)
    LARS(0.5).apply([gradient], [plain])
    optimizer = keras.optimizers.LossScaleOptimizer(LARS(0.5), initial_scale=1024.0)
    optimizer.build([scaled])
    optimizer.apply([1024.0 * gradient])
    np.testing.assert_allclose(plain, scaled, rtol=1e-6)
    # An overflow is a step that is not made.
    optimizer.apply([tf.fill([3, 4], np.inf)])
    np.testing.assert_allclose(plain, scaled, rtol=1e-6)


def test_two_replicas_equal_one_on_the_summed_gradient(rng, two_replicas):
    start = rng.normal(size=(3, 4)).astype("float32")
    gradients = rng.normal(size=(2, 3, 4)).astype("float32")
    one = keras.Variable(start)
    LARS(0.5).apply([tf.constant(gradients.sum(0))], [one])
    # TensorFlow's collective ops cannot be shared by two strategies of a process, and other tests have one too.
    with two_replicas.scope():
        two, optimizer = keras.Variable(start), LARS(0.5)
        optimizer.build([two])
    per_replica = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.constant(gradients[context.replica_id_in_sync_group])
    )
    tf.function(lambda: two_replicas.run(lambda gradient: optimizer.apply([gradient]), (per_replica,)))()
    for copy in two_replicas.experimental_local_results(two.value):
        np.testing.assert_allclose(copy, one, rtol=1e-6)


def test_serializes():
    optimizer = LARS(scaled_cosine(0.3, 4096, 100, 10), l2=1e-4, trust_coefficient=0.01, clipnorm=1.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is LARS
    assert again.get_config() == optimizer.get_config()
    assert float(again.learning_rate) == float(optimizer.learning_rate)


def test_refuses_a_trust_coefficient_of_zero():
    with pytest.raises(ValueError, match="Received: trust_coefficient=0"):
        LARS(trust_coefficient=0)
