from dataclasses import replace

import keras
import pytest

from keras_ssl import recipes
from keras_ssl.recipes import Facts, timing

ARRAYS = Facts(1000, (8, 8), 1, accelerator=False)
RECIPE = recipes.load("autoencoder", overrides={"batch_size": 4, "backbone": {"name": "mlp", "units": [4]}})


@pytest.fixture
def steps_of_a_second(monkeypatch):
    monkeypatch.setattr(timing, "_measured", lambda *arguments: (10.0, 1.0))


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({"cache": "auto"}, (10 + 500 + 7, 1, 500)),
        ({"cache": "none"}, (10 + 7, 1 + 2, 0)),
        ({"cache": "none", "accelerator": True}, (10 + 7, 2, 0)),  # which trains while the cores decode
    ],
)
def test_pictures_are_decoded_once_or_in_each_step(settings, expected, steps_of_a_second):
    facts = replace(ARRAYS, seconds_per_image=0.5, seconds_before=7, **settings)
    assert timing.time_training(RECIPE, facts, (8, 8, 1), (8, 8)) == expected


def test_arrays_need_no_decoding(steps_of_a_second):
    assert timing.time_training(RECIPE, ARRAYS, (8, 8, 1), (8, 8)) == (10, 1, 0)


def test_a_timing_leaves_the_callers_keras_as_it_was(monkeypatch):
    """Names and seeds of layers that are made afterwards would begin anew, and meet those that are there."""
    monkeypatch.setattr(timing, "SECONDS", 0.01)
    settings = {"backbone": {"name": "mlp", "units": [4], "linear_output": True}, "batch_size": 4}
    keras.utils.set_random_seed(1)
    first, drawn = keras.layers.Dense(2).name, float(keras.random.normal(()))
    recipe = recipes.load("autoencoder", overrides=settings)
    found = timing.time_training(recipe, ARRAYS, (8, 8, 1), (8, 8))
    assert found.to_begin > found.per_step > 0  # to build and to compile takes longer than a step of so few pixels
    assert keras.layers.Dense(2).name != first and float(keras.random.normal(())) != drawn
