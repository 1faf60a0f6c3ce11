import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.optimizers import scaled_cosine, scaled_learning_rate


def test_scales_by_the_batch():
    assert scaled_learning_rate(0.3, 256) == 0.3
    assert scaled_learning_rate(0.3, 512) == 0.6
    assert scaled_learning_rate(0.3, 64) == 0.075
    # SimCLR, appendix B.1: both rules give 4.8 at 4096 images.
    assert scaled_learning_rate(0.3, 4096) == pytest.approx(4.8)
    assert scaled_learning_rate(0.075, 4096, "sqrt") == pytest.approx(4.8)
    assert scaled_learning_rate(0.075, 256, "sqrt") == pytest.approx(1.2)


@settings(max_examples=25, deadline=None)
@given(warmup=st.integers(0, 50), decay=st.integers(1, 200), final=st.floats(0, 1), data=st.data())
def test_warms_up_linearly_then_follows_half_a_cosine(warmup, decay, final, data):
    step = data.draw(st.integers(0, warmup + decay))
    schedule = scaled_cosine(0.5, 512, warmup + decay, warmup, final_fraction=final)
    cosine = (1 + np.cos(np.pi * (step - warmup) / decay)) / 2
    expected = step / warmup if step < warmup else final + (1 - final) * cosine
    np.testing.assert_allclose(schedule(step), expected, atol=1e-6)


def test_is_keras_own_schedule_and_serializes():
    schedule = scaled_cosine(0.075, 1024, 100, 10, scaling="sqrt")
    assert type(schedule) is keras.optimizers.schedules.CosineDecay
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert float(again(10)) == float(schedule(10)) == pytest.approx(2.4)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"base_learning_rate": 0.0}, r"Received: base_learning_rate=0\.0"),
        ({"batch_size": 0}, "Received: batch_size=0"),
        ({"total_steps": 0}, "Received: warmup_steps=0, total_steps=0"),
        ({"warmup_steps": 100}, "Received: warmup_steps=100, total_steps=100"),
        ({"warmup_steps": -1}, "Received: warmup_steps=-1"),
        ({"scaling": "square"}, "Received: scaling='square'"),
        ({"final_fraction": 2.0}, r"Received: final_fraction=2\.0"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        scaled_cosine(**{"base_learning_rate": 0.3, "batch_size": 256, "total_steps": 100, **arguments})
