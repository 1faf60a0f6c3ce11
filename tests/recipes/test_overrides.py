import pytest

from keras_ssl import recipes
from keras_ssl.recipes.overrides import parse_overrides, parse_size

PHOTOGRAPHS = recipes.Facts(500, (96, 128), resizable=True, accelerator=False, cores=2)


@pytest.mark.parametrize("value", [64, 64.0, "64", "64x64", "64X64", "64,64", "(64, 64)", [64, 64], (64, 64), [64]])
def test_a_size_as_people_write_it(value):
    assert parse_size("image_size", value) == [64, 64]


def test_height_comes_first():
    assert parse_size("image_size", "64x96") == parse_size("image_size", "64 x 96") == [64, 96]


@pytest.mark.parametrize("value", ["64px", "64x", "64x64x3", [64, 64, 3], 0, -64, 64.5, "big", [], {}, True])
def test_what_is_no_size_is_refused_in_words(value):
    with pytest.raises(ValueError, match=r"image_size must be height and width.*Received: image_size="):
        parse_size("image_size", value)


@pytest.mark.parametrize("value", [64, "64x64", [64, 64]])
def test_photographs_in_a_size_of_ones_own(value):
    recipe = recipes.load("simclr", images=PHOTOGRAPHS, steps=10, overrides={"image_size": value})
    assert recipe.settings["image_size"] == [64, 64] and recipe.image_shape == (64, 64, 3)
    assert min(recipe.settings["read_size"]) == 96


def test_without_images_too():
    assert recipes.load("simclr", overrides={"image_size": 64}).settings["image_size"] == [64, 64]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"learning_rate": 0.1},
            r"learning_rate has the parts base.*learning_rate.base=….*Received: learning_rate=0.1",
        ),
        ({"batch_size": "many"}, "batch_size must be a number"),
        ({"batch_size": 0}, "whole number above 0"),
        ({"epochs": 2.5}, "epochs must be a whole number"),
        ({"backbone": 18}, "backbone has the parts name"),
    ],
)
def test_values_of_another_kind_are_refused_in_words(overrides, message):
    with pytest.raises(ValueError, match=message):
        recipes.load("simclr", overrides=overrides)


def test_whole_numbers_written_as_floats():
    settings = recipes.load("simclr", overrides={"batch_size": 64.0, "epochs": 20.0}).settings
    assert (settings["batch_size"], settings["epochs"]) == (64, 20) and isinstance(settings["batch_size"], int)


def test_others_are_left_as_they_are():
    overrides = {"augmenter": None, "backbone": "small_cnn", "learning_rate.base": 0.5, "new.part": "x"}
    own = {"augmenter": {"name": "a"}, "backbone": {"name": "b"}, "learning_rate": {"base": 1}}
    assert parse_overrides(own, overrides) == overrides
