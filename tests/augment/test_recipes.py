import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import augment


def layers(augmenter):
    return {type(layer).__name__: layer for layer in augmenter.layers}


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_simclr_has_the_papers_numbers(strength):
    parts = layers(augment.simclr(32, strength))
    assert parts.keys() == {"RandomResizedCrop", "RandomColorJitter"}
    crop, jitter = parts["RandomResizedCrop"], parts["RandomColorJitter"]
    assert (crop.scale, crop.ratio, crop.flip_probability) == ((0.08, 1.0), (3 / 4, 4 / 3), 0.5)
    assert (jitter.probability, jitter.gray_probability) == (0.8, 0.2)
    np.testing.assert_allclose(
        (jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue), strength * np.array([0.8, 0.8, 0.8, 0.2])
    )


@pytest.mark.parametrize(
    ("size", "blur", "expected"), [(32, None, False), (96, None, True), (32, True, True), (224, False, False)]
)
def test_simclr_blurs_large_images_or_as_told(size, blur, expected):
    parts = layers(augment.simclr((size, size + 8), blur=blur))
    assert ("GaussianBlur" in parts) == expected
    if expected:
        assert (parts["GaussianBlur"].sigma, parts["GaussianBlur"].probability) == ((0.1, 2.0), 0.5)


def test_simclr_of_images_without_three_channels_crops_and_warns():
    augmenter = augment.simclr(8, jit_compile=False)
    with pytest.warns(UserWarning, match="1 channel"):
        assert augmenter(np.zeros((2, 8, 8, 1), "uint8")).shape == (2, 8, 8, 1)


def test_grayscale_changes_any_image_without_a_warning(rng, recwarn):
    augmenter = augment.grayscale(8, jit_compile=False)
    digits = rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8")
    views = augmenter(digits, seed=(0, 1))
    assert views.shape == (6, 8, 8, 1)
    assert views.dtype == tf.float32
    assert not np.allclose(views, digits)
    assert layers(augmenter).keys() == {"RandomAffine", "RandomResizedCrop", "RandomBrightnessContrast"}
    assert not [warning for warning in recwarn if "keras_ssl" in str(warning.filename)]
    assert layers(augmenter)["RandomResizedCrop"].flip_probability == 0


def test_grayscale_of_a_larger_size_blurs_as_told():
    assert "GaussianBlur" in layers(augment.grayscale(64, blur=True))


def test_crops_leave_the_pixels_values():
    (crop,) = augment.crops((16, 24)).layers
    assert (crop.image_size, crop.scale, crop.ratio) == ((16, 24), (0.2, 1.0), (3 / 4, 4 / 3))
    assert crop.flip_probability == 0.5
    images = np.arange(4, dtype="float32").reshape(4, 1, 1, 1) * np.ones((4, 8, 8, 1), "float32")
    np.testing.assert_allclose(augment.crops(8)(images, seed=(0, 1)), images, atol=1e-5)


@pytest.mark.parametrize("recipe", [augment.simclr, augment.grayscale])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"image_size": 0}, "image_size"),
        ({"image_size": 32.5}, "image_size"),
        ({"image_size": 8, "strength": -1}, "strength"),
        ({"image_size": 8, "scale": (1, 0.5)}, "scale"),
        ({"image_size": 8, "flip_probability": 1.1}, "flip_probability"),
    ],
)
def test_errors(recipe, arguments, words):
    with pytest.raises(ValueError, match=f"{words}.*Received"):
        recipe(**arguments)


def test_the_default_for_images_goes_by_their_channels():
    kinds = {channels: augment.for_images((8, 8, channels)).layers for channels in (1, 3, 13)}
    assert any(isinstance(layer, augment.RandomColorJitter) for layer in kinds[3])
    assert not any(isinstance(layer, augment.RandomColorJitter) for layer in kinds[1] + kinds[13])
    with pytest.raises(ValueError, match="size of the views is unknown.*Received"):
        augment.for_images((None, None, 3))


def test_multi_crop_has_small_views_of_half_the_side(rng):
    crops = augment.multi_crop((16, 12, 3), local_crops=3)
    large, small = crops(rng.integers(0, 256, (2, 16, 12, 3), "uint8"), seed=(0, 1))
    assert large.shape == (4, 16, 12, 3) and small.shape == (6, 8, 6, 3)
    assert any(isinstance(layer, augment.RandomColorJitter) for layer in crops.local_augmenter.layers)
    assert augment.multi_crop((16, 16, 1), local_size=4).local_size == (4, 4)


def test_multi_crop_without_small_views_is_a_plain_augmenter():
    assert isinstance(augment.multi_crop((16, 16, 1), local_crops=0), augment.Augmenter)


def test_scenes_passes_its_arguments_on():
    defaults = augment.SceneAugmenter(8).get_config()
    given = augment.scenes(8).get_config()
    assert {**given, "name": ""} == {**defaults, "name": ""}
    settings = {
        "strength": 0.5,
        "scale": (0.25, 2.0),
        "stretch": (0.5, 2.0),
        "flip_probability": 0.1,
        "vertical_flip_probability": 0.2,
        "min_visible": 0.4,
        "ignore_class": 11,
        "antialias": False,
        "seed": 3,
        "jit_compile": False,
    }
    config = augment.scenes((8, 12), **settings).get_config()
    assert {name: config[name] for name in settings} == settings
    assert config["image_size"] == (8, 12)
