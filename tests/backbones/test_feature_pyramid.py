import keras
import numpy as np
import pytest

from keras_ssl import backbones
from keras_ssl.backbones import feature_pyramid


def shapes(pyramid, images):
    return {name: tuple(features.shape[1:]) for name, features in pyramid(images).items()}


@pytest.fixture
def images(rng):
    return rng.uniform(0, 255, (2, 50, 70, 3)).astype("float32")


def test_a_resnet_gives_its_stages_by_stride_whatever_the_stem(images):
    small = feature_pyramid(backbones.resnet18((32, 32, 3), width=8))
    large = feature_pyramid(backbones.resnet18((96, 96, 3), width=8))
    stages = {"P0": (50, 70, 8), "P1": (25, 35, 16), "P2": (13, 18, 32), "P3": (7, 9, 64)}
    assert shapes(small, images) == stages
    assert shapes(large, images) == {
        "P1": (25, 35, 8), "P2": (13, 18, 8), "P3": (7, 9, 16), "P4": (4, 5, 32), "P5": (2, 3, 64),
    }  # fmt: skip


@pytest.mark.parametrize("build", [backbones.resnet18, backbones.resnet50])
def test_a_level_is_the_output_of_a_whole_stage_and_not_of_a_branch(build, images):
    encoder = build((32, 32, 3), width=4)
    stages = keras.Model(encoder.input, [encoder.get_layer(f"stage{stage}").output for stage in (1, 2, 3, 4)])
    pictures = images[:, :32, :32]
    for features, stage in zip(feature_pyramid(encoder)(pictures).values(), stages(pictures), strict=True):
        np.testing.assert_allclose(features, stage, rtol=1e-5)


def test_it_shares_the_encoder_s_weights():
    encoder = backbones.resnet18((32, 32, 3), width=4)
    pyramid = feature_pyramid(encoder)
    assert {id(weight) for weight in pyramid.weights} == {id(weight) for weight in encoder.weights}


def test_levels_can_be_chosen_and_a_missing_one_is_named():
    encoder = backbones.resnet18((32, 32, 3), width=4)
    assert list(feature_pyramid(encoder, levels=(3, 2)).output) == ["P2", "P3"]
    with pytest.raises(ValueError, match=r"has feature maps of the levels \[0, 1, 2, 3\].*Received: levels=\[2, 5\]"):
        feature_pyramid(encoder, levels=[2, 5])


@pytest.mark.parametrize("patch_size", [1, 2, 4, 8])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_vit_gives_its_patches_and_maps_around_them(patch_size, pooling, rng):
    encoder = backbones.vit((16, 16, 3), patch_size, width=8, depth=1, heads=2, pooling=pooling)
    pyramid = feature_pyramid(encoder, image_size=(30, 22))
    level = int(np.log2(patch_size))
    got = shapes(pyramid, rng.uniform(0, 255, (1, 30, 22, 3)))
    for number in range(max(level - 2, 0), level + 2):
        height, width, _ = got.pop(f"P{number}")
        assert (height, width) == (-(-30 // 2**number), -(-22 // 2**number))
    assert not got


def test_a_vit_s_map_is_its_tokens_in_their_places(rng):
    encoder = backbones.vit((16, 16, 3), 4, width=8, depth=1, heads=2, pooling="cls")
    images = rng.uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    tokens = keras.Model(encoder.input, encoder.get_layer("features").input)(images)
    features = feature_pyramid(encoder)(images)["P2"]
    np.testing.assert_allclose(features, np.reshape(tokens[:, 1:], (2, 4, 4, 8)), rtol=1e-5)


def test_a_wrapped_network_is_saved_and_loaded_for_any_size(tmp_path, images):
    backbone = keras.applications.MobileNetV2((96, 96, 3), include_top=False, weights=None, alpha=0.35)
    encoder = backbones.wrap(backbone, keras.applications.mobilenet_v2.preprocess_input)
    pyramid = feature_pyramid(encoder)
    assert list(pyramid.output) == ["P1", "P2", "P3", "P4", "P5"]
    pyramid.save(tmp_path / "pyramid.keras")
    loaded = keras.saving.load_model(tmp_path / "pyramid.keras")
    for features, again in zip(pyramid(images).values(), loaded(images).values(), strict=True):
        np.testing.assert_array_equal(features, again)


def test_layers_of_a_sequential_encoder_and_of_one_inside_another_are_found(images):
    inner = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(4, 3, strides=2, padding="same")])
    encoder = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255), inner])
    encoder.add(keras.layers.Conv2D(8, 3, strides=2, padding="same"))
    encoder.add(keras.layers.GlobalAveragePooling2D())
    assert shapes(feature_pyramid(encoder), images) == {"P1": (25, 35, 4), "P2": (13, 18, 8)}


def test_a_frozen_encoder_has_a_pyramid_too():
    encoder = backbones.small_cnn((8, 8, 1), filters=(4, 8))
    encoder.trainable = False
    assert list(feature_pyramid(encoder).output) == ["P0", "P1"]


def test_an_encoder_without_feature_maps_is_refused():
    with pytest.raises(ValueError, match="has no map that it pools"):
        feature_pyramid(backbones.mlp((8, 8, 1)))
    with pytest.raises(ValueError, match="patch_size is one of them"):
        feature_pyramid(backbones.vit((18, 18, 3), 6, width=8, depth=1, heads=2))
