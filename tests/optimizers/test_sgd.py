import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.optimizers import SGD


def torch_sgd(weights, gradients, learning_rate, momentum, weight_decay, nesterov):
    """torch.optim.SGD (dampening 0), from its documentation."""
    velocity = None
    for gradient in gradients:
        gradient = gradient + weight_decay * weights
        velocity = gradient if velocity is None else momentum * velocity + gradient
        weights = weights - learning_rate * (gradient + momentum * velocity if nesterov else velocity)
    return weights


@settings(max_examples=15, deadline=None)
@given(momentum=st.sampled_from([0.0, 0.5, 0.9]), l2=st.floats(0.0, 0.5), nesterov=st.booleans())
def test_equals_pytorch_with_weight_decay(momentum, l2, nesterov):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(3, 4)), rng.normal(size=(5, 3, 4))
    variable = keras.Variable(start)
    optimizer = SGD(0.1, momentum=momentum, nesterov=nesterov, l2=l2)
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient, "float32")], [variable])
    # Without momentum there is nothing for Nesterov to look ahead along.
    expected = torch_sgd(start, gradients, 0.1, momentum, l2, nesterov and momentum > 0)
    np.testing.assert_allclose(variable, expected, rtol=1e-5, atol=1e-5)


def test_decoupled_decay_is_another_thing():
    # With no gradient, momentum 0.9 and lr 0.1, two steps: Keras' decay shrinks by (1 - 0.1 * 0.5) a step; the
    # penalty's gradient also comes back through the momentum.
    weights = {}
    for name in ("l2", "weight_decay"):
        variable = keras.Variable([[1.0]])
        optimizer = SGD(0.1, momentum=0.9, **{name: 0.5})
        for _ in range(2):
            optimizer.apply([tf.zeros((1, 1))], [variable])
        weights[name] = float(variable.numpy()[0, 0])
    first = 1 - 0.1 * 0.5
    np.testing.assert_allclose(weights["weight_decay"], first**2, rtol=1e-6)
    np.testing.assert_allclose(weights["l2"], first - 0.9 * 0.05 - 0.1 * 0.5 * first, rtol=1e-6)


@pytest.mark.parametrize("exclude", [False, True])
def test_biases_can_go_without(exclude):
    kernel, bias = keras.Variable([[1.0]]), keras.Variable([1.0])
    optimizer = SGD(0.1, l2=1.0, exclude_bias_and_norm=exclude)
    optimizer.apply([tf.zeros((1, 1)), tf.zeros(1)], [kernel, bias])
    np.testing.assert_allclose(kernel, [[0.9]])
    np.testing.assert_allclose(bias, [1.0 if exclude else 0.9])


def test_sparse_gradients_get_the_whole_penalty():
    table = keras.Variable(np.ones((3, 2)))
    gradient = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([1]), tf.constant([3, 2]))
    SGD(0.1, l2=0.5).apply([gradient], [table])
    np.testing.assert_allclose(table, [[0.95, 0.95], [0.85, 0.85], [0.95, 0.95]], rtol=1e-6)


def test_serializes():
    optimizer = SGD(0.1, momentum=0.9, nesterov=True, l2=1e-4, exclude_bias_and_norm=True, weight_decay=0.01)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is SGD
    assert again.get_config() == optimizer.get_config()


def test_refuses_a_negative_penalty():
    with pytest.raises(ValueError, match=r"Received: l2=-0\.1"):
        SGD(l2=-0.1)
