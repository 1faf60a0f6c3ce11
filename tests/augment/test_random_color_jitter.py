import warnings

import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import RandomColorJitter, jitter_colors


def draw(layer, rng, count=20000):
    uniform = tf.constant(rng.uniform(size=(count, layer.draws_per_image)), tf.float32)
    return {name: value.numpy() for name, value in layer.parameters(uniform, None).items()}


def test_factors_are_distributed_as_in_the_paper(rng):
    """At strength 0.5: 0.8 * 0.5 around 1 for three factors, 0.2 * 0.5 of the circle around 0 for the hue."""
    parameters = draw(RandomColorJitter(0.4, 0.4, 0.4, 0.1), rng)
    jittered = parameters["hue"] != 0
    np.testing.assert_allclose(jittered.mean(), 0.8, atol=0.02)
    np.testing.assert_allclose(parameters["gray"].mean(), 0.2, atol=0.02)
    np.testing.assert_allclose(parameters["gray"][jittered].mean(), 0.2, atol=0.02)
    for name, low, high in (
        ("brightness", 0.6, 1.4),
        ("contrast", 0.6, 1.4),
        ("saturation", 0.6, 1.4),
        ("hue", -0.1, 0.1),
    ):
        drawn = np.quantile(parameters[name][jittered], (0, 0.25, 0.5, 0.75, 1))
        np.testing.assert_allclose(drawn, np.linspace(low, high, 5), atol=0.02, err_msg=name)
        unchanged = 0.0 if name == "hue" else 1.0
        assert (parameters[name][~jittered] == unchanged).all()


def test_factors_are_independent(rng):
    parameters = draw(RandomColorJitter(probability=1.0), rng)
    correlation = np.corrcoef([parameters[name] for name in ("brightness", "contrast", "saturation", "hue", "gray")])
    np.testing.assert_allclose(correlation, np.eye(5), atol=0.04)


def test_no_factor_is_negative(rng):
    assert draw(RandomColorJitter(brightness=3.0), rng)["brightness"].min() >= 0


def test_applies_the_formulas(images, rng):
    layer = RandomColorJitter(0.8, 0.8, 0.8, 0.2)
    parameters = layer.parameters(tf.constant(rng.uniform(size=(8, 6)), tf.float32), None)
    floats = tf.cast(images, tf.float32)
    np.testing.assert_array_equal(layer.augment_images(floats, parameters), jitter_colors(floats, **parameters))


@pytest.mark.parametrize("channels", [1, 4, 13])
def test_images_that_are_not_rgb_pass_through_and_it_says_so_once(rng, channels):
    images = rng.integers(0, 256, (2, 6, 6, channels), dtype="uint8")
    layer = RandomColorJitter()
    with pytest.warns(UserWarning, match=f"{channels} channel.*unchanged"):
        views = layer(images)
    np.testing.assert_array_equal(views, images)
    assert views.dtype == tf.float32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(images)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"brightness": -0.1}, "brightness.*negative"),
        ({"contrast": float("nan")}, "contrast.*negative"),
        ({"hue": 0.6}, "hue.*0.5"),
        ({"probability": 2}, "between 0 and 1"),
        ({"gray_probability": -1}, "between 0 and 1"),
    ],
)
def test_errors(arguments, words):
    with pytest.raises(ValueError, match=f"{words}.*Received"):
        RandomColorJitter(**arguments)
