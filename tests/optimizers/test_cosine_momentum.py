import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from keras_ssl.optimizers import CosineMomentum


@given(step=st.integers(0, 100_000), initial=st.floats(0, 1))
def test_equals_the_paper(step, initial):
    # BYOL, section 3.2: 1 - (1 - tau_base) (cos(pi k / K) + 1) / 2.
    expected = 1 - (1 - initial) * (np.cos(np.pi * step / 100_000) + 1) / 2
    np.testing.assert_allclose(CosineMomentum(100_000, initial)(step), expected, atol=3e-7)


def test_rises_from_initial_to_final_and_stays():
    momentum = CosineMomentum(10, initial=0.5, final=0.9)
    values = [float(momentum(step)) for step in range(21)]
    np.testing.assert_allclose([values[0], values[5], values[10]], [0.5, 0.7, 0.9], rtol=1e-6)
    assert values == sorted(values)
    assert set(values[10:]) == {values[10]}


def test_defaults_to_byols():
    momentum = CosineMomentum(10)
    np.testing.assert_allclose([momentum(0), momentum(10)], [0.996, 1.0], rtol=1e-7)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("step", [7, tf.constant(7, "int64"), tf.Variable(7)])
def test_float32_for_any_step_and_policy(policy, step):
    keras.config.set_dtype_policy(policy)
    value = tf.function(CosineMomentum(10))(step)
    assert value.dtype == "float32"
    np.testing.assert_allclose(value, CosineMomentum(10)(7))


def test_serializes():
    momentum = CosineMomentum(10, initial=0.5, final=0.75)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(momentum))
    assert type(again) is CosineMomentum
    assert again.get_config() == momentum.get_config()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"total_steps": 0}, "Received: total_steps=0"),
        ({"initial": -0.1}, r"Received: initial=-0\.1, final=1\.0"),
        ({"initial": 0.9, "final": 0.8}, r"Received: initial=0\.9, final=0\.8"),
        ({"final": 1.1}, r"final=1\.1"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        CosineMomentum(**{"total_steps": 10, **arguments})
