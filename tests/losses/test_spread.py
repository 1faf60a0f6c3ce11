import numpy as np

from keras_ssl.losses import embedding_spread


def test_is_about_one_on_the_whole_sphere(rng):
    assert 0.95 < embedding_spread(rng.normal(size=(2000, 64))) <= 1


def test_is_zero_when_collapsed_to_a_direction(rng):
    z = np.outer(rng.uniform(0.1, 10, size=50), rng.normal(size=16))
    assert embedding_spread(z) < 1e-3


def test_is_in_between_for_a_cone(rng):
    z = rng.normal(size=(500, 32)) + 2
    assert 0.1 < embedding_spread(z) < 0.9
