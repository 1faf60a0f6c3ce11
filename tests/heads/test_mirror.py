import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl import backbones, heads


def kernels(model):
    kinds = (keras.layers.Conv2DTranspose, keras.layers.Conv2D, keras.layers.Dense)
    return [layer.output.shape[1:] for layer in model.layers if isinstance(layer, kinds)]


def test_the_decoder_runs_the_sizes_backwards():
    encoder = backbones.conv_encoder((32, 32, 3), (4, 8, 16), units=5)
    decoder = heads.mirror(encoder)
    assert kernels(decoder) == [(256,), (8, 8, 8), (16, 16, 4), (32, 32, 3)]
    assert decoder.input_shape == (None, 5)


def test_dense_layers_are_mirrored_by_dense_layers():
    encoder = backbones.mlp((28, 28, 1), (50, 32), linear_output=True)
    assert kernels(heads.mirror(encoder)) == [(50,), (784,)]
    assert kernels(heads.mirror(backbones.mlp((28, 28, 1), (32,), linear_output=True))) == [(784,)]


def test_a_network_that_starts_at_full_size_ends_in_a_convolution():
    decoder = heads.mirror(backbones.resnet18((32, 32, 3), width=4))
    assert kernels(decoder)[-2:] == [(32, 32, 4), (32, 32, 3)]


@pytest.mark.parametrize("encoder", [backbones.conv_encoder, backbones.small_cnn, backbones.mlp])
def test_the_decoder_can_give_other_channels(encoder):
    encoder = encoder((8, 8, 3))
    plain, other = heads.mirror(encoder), heads.mirror(encoder, channels=2)
    assert other.output_shape == (None, 8, 8, 2)
    assert [type(layer) for layer in other.layers] == [type(layer) for layer in plain.layers]
    with pytest.raises(ValueError, match="channels must be a positive integer. Received: channels=0"):
        heads.mirror(encoder, channels=0)


@settings(max_examples=15, deadline=None)
@given(st.integers(4, 21), st.integers(4, 21), st.integers(1, 4))
def test_every_image_size_comes_out_exact(height, width, channels):
    encoder = backbones.conv_encoder((height, width, channels), (2, 3), units=4)
    assert heads.mirror(encoder).output_shape == (None, height, width, channels)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_outputs_are_float32_under_every_policy(rng, policy):
    keras.config.set_dtype_policy(policy)
    decoder = heads.mirror(backbones.small_cnn((8, 8, 1), (2, 4)), input_units=3)
    assert decoder(rng.normal(size=(2, 3))).dtype == "float32"


def test_it_saves_and_loads(rng, tmp_path):
    decoder = heads.mirror(backbones.conv_encoder((9, 9, 1), (2, 3), units=4))
    decoder.save(tmp_path / "decoder.keras")
    codes = rng.normal(size=(2, 4))
    loaded = keras.saving.load_model(tmp_path / "decoder.keras")
    np.testing.assert_allclose(loaded(codes), decoder(codes), atol=1e-6)


def test_an_encoder_without_a_mirror_is_an_error():
    with pytest.raises(ValueError, match="Give decoder=.*Received: encoder='vit'"):
        heads.mirror(backbones.vit((8, 8, 1), 4, width=8, depth=1, heads=2))
    images = keras.Input((None, None, 3))
    encoder = keras.Model(images, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(images)))
    with pytest.raises(ValueError, match="one size.*None, None, None, 3"):
        heads.mirror(encoder)
