import numpy as np
import pytest

from keras_ssl.heads import fpn

MAPS = {"P2": (None, None, 8), "P3": (None, None, 16)}


def outputs(network, rng):
    maps = {"P2": rng.normal(size=(1, 9, 13, 8)), "P3": rng.normal(size=(1, 5, 7, 16))}
    return network({name: features.astype("float32") for name, features in maps.items()})


def test_all_levels_get_one_width_and_missing_ones_are_made(rng):
    got = outputs(fpn(MAPS, width=4, coarsest=5), rng)
    assert {name: tuple(x.shape[1:]) for name, x in got.items()} == {
        "P2": (9, 13, 4), "P3": (5, 7, 4), "P4": (3, 4, 4), "P5": (2, 2, 4),
    }  # fmt: skip


def test_a_fine_level_is_its_own_map_plus_the_coarser_one_as_large(rng):
    network = fpn(MAPS, width=2)
    maps = {"P2": rng.normal(size=(1, 5, 3, 8)), "P3": rng.normal(size=(1, 3, 2, 16))}
    lateral = {name: maps[name] @ network.get_layer(f"{name}_lateral").kernel.numpy()[0, 0] for name in maps}
    # The nearest neighbors: 5 rows of 3, and 3 columns of 2.
    coarse = lateral["P3"][:, [0, 0, 1, 2, 2]][:, :, [0, 1, 1]]
    convolution = network.get_layer("P2_output")
    expected = convolution((lateral["P2"] + coarse).astype("float32"))
    got = network({name: x.astype("float32") for name, x in maps.items()})["P2"]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_there_must_be_a_map():
    with pytest.raises(ValueError, match="at least one feature map"):
        fpn({})
