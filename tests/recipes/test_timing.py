import keras

from keras_ssl import recipes
from keras_ssl.recipes import timing


def test_a_timing_leaves_the_callers_keras_as_it_was(monkeypatch):
    """Names and seeds of layers that are made afterwards would begin anew, and meet those that are there."""
    monkeypatch.setattr(timing, "SECONDS", 0.01)
    settings = {"backbone": {"name": "mlp", "units": [4], "linear_output": True}, "batch_size": 4}
    keras.utils.set_random_seed(1)
    first, drawn = keras.layers.Dense(2).name, float(keras.random.normal(()))
    assert timing.seconds_per_step(recipes.load("autoencoder", overrides=settings), (8, 8, 1), (8, 8)) > 0
    assert keras.layers.Dense(2).name != first and float(keras.random.normal(())) != drawn
