import numpy as np
import pytest

from keras_ssl.heads import unet_decoder

MAPS = {"P1": (None, None, 4), "P2": (None, None, 8), "P3": (None, None, 16)}


def test_it_ends_as_large_as_the_finest_map_whatever_its_size(rng):
    sizes = {"P1": (17, 13), "P2": (9, 7), "P3": (5, 4)}
    maps = {name: rng.normal(size=(2, *sizes[name], shape[-1])) for name, shape in MAPS.items()}
    assert unet_decoder(MAPS, width=6)(maps).shape == (2, 17, 13, 6)


def test_coarse_levels_are_wider_and_each_sees_the_encoder_s_map():
    decoder = unet_decoder(MAPS, width=6)
    inputs = {name: decoder.get_layer(f"{name}_1_conv").kernel.shape[2] for name in MAPS}
    assert inputs == {"P1": 4 + 12, "P2": 8 + 24, "P3": 16}


def test_every_map_has_a_say(rng):
    decoder = unet_decoder(MAPS, width=6)
    maps = {name: rng.normal(size=(1, 4, 4, shape[-1])).astype("float32") for name, shape in MAPS.items()}
    before = decoder(maps)
    for name in MAPS:
        assert np.abs(decoder({**maps, name: maps[name] + 1.0}) - before).max() > 1e-4


def test_there_must_be_a_map():
    with pytest.raises(ValueError, match="at least one feature map"):
        unet_decoder({})
