import shutil

import pytest
import yaml

from keras_ssl import recipes, runs
from keras_ssl.recipes import validation
from keras_ssl.runs import config as configs


@pytest.fixture
def read(finished, tmp_path):
    """A function that reads the finished run's settings after a change to them."""

    def read(change):
        config = finished.config
        change(config)
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        return runs.Run(tmp_path).config

    return read


@pytest.mark.parametrize("key", configs._REQUIRED)
def test_a_setting_that_is_missing_or_of_another_kind_is_named(key, read):
    part, _, name = key.rpartition(".")
    with pytest.raises(ValueError, match=f"must have {key}"):
        read(lambda config: (config[part] if part else config).pop(name))
    with pytest.raises(ValueError, match=f"The setting {key} of a run must be"):
        read(lambda config: (config[part] if part else config).update({name: 0.5}))


def test_unknown_settings_and_other_versions_are_said(read):
    with pytest.warns(UserWarning, match=r"not know the setting polic of a run.*Did you mean policy\?"):
        read(lambda config: config.update(polic="float32"))
    with pytest.warns(UserWarning, match=r"not know the setting data.chanels of a run.*Did you mean data.channels\?"):
        read(lambda config: config["data"].update(chanels=1))
    with pytest.warns(UserWarning, match="made with keras 2.1; here are keras 3"):
        read(lambda config: config["versions"].update(keras="2.1"))


def test_settings_are_written_without_aliases(tmp_path):
    size = [16, 16]
    configs.write_config(tmp_path / "config.yaml", {"data": {"image_size": size}, "recipe": {"image_size": size}})
    text = (tmp_path / "config.yaml").read_text()
    assert "&" not in text and "*" not in text


def test_a_small_file_does_not_become_a_large_one(finished, tmp_path):
    lines = ["a: &a0 [x]"] + [f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(8)]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(finished.config) + "\n".join(lines))
    with pytest.raises(ValueError, match="at most 1000000 characters"):
        configs.read_config(tmp_path / "config.yaml")


@pytest.mark.parametrize("text", ["", "[1]", "a: [", "!!python/object/apply:os.getcwd []", "a: &a [*a]"])
def test_what_are_no_settings_is_refused(text, tmp_path):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match="settings of a run must"):
        configs.read_config(tmp_path / "config.yaml")


@pytest.mark.parametrize("key", ["versions", "report_every", "images", "cached"])
def test_a_setting_that_may_be_missing_has_its_kind(key, read):
    assert key not in read(lambda config: config.pop(key))
    with pytest.raises(ValueError, match=f"The setting {key} of a run must be .*Received: {key}='x'"):
        read(lambda config: config.update({key: "x"}))


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("jit_compile", "abc", "true, false or auto"),
        ("jit_compile", 1, "true, false or auto"),
        ("report_every", 0, "a whole number from 1"),
        ("seed", True, "a whole number"),
        ("data.image_size", [8], "height and width"),
        ("data.image_size", "8x8", "height and width"),
        ("data.channels", True, "a whole number from 1"),
        ("data.on_error", "skp", "one of raise, skip"),
        ("data.resize", "shrink", "one of stretch, crop, pad"),
        ("data.cache", "ram", "one of auto, memory"),
        ("data.bits", 3, "a whole number from 8 to 16, or null"),
        ("recipe.epochs", -1, "a whole number from 1"),
        ("recipe.batch_size", 10**20, "a whole number from 1"),
        ("recipe.steps_per_epoch", 0.5, "a whole number from 1"),
        ("recipe.learning_rate", [1], "several settings by name"),
        ("recipe.learning_rate.base", "fast", "a number"),
    ],
)
def test_a_value_out_of_its_range_is_named_whatever_the_run_has_done(key, value, words, read):
    *parts, name = key.split(".")

    def change(config):
        for part in parts:
            config = config[part]
        config[name] = value

    with pytest.raises(ValueError, match=f"The setting {key} of a run must be {words}.*Received: {key}="):
        read(change)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda config: config["recipe"].update(epoch=9), r"Did you mean recipe.epochs\?"),
        (lambda config: config["recipe"]["backbone"].update(filtres=[4]), r"Did you mean backbone.filters\?"),
    ],
)
def test_an_unknown_setting_of_the_recipe_is_said_where_a_checkpoint_goes_on(change, message, finished, tmp_path):
    copy = shutil.copytree(finished.path, tmp_path / "run")
    config = finished.config
    change(config)
    configs.write_config(copy / "config.yaml", config)
    with pytest.warns(UserWarning, match=f"could not start a new run; the training goes on.*{message}"):
        assert runs.resume(copy, verbose=0).epochs_done == 2


def test_a_network_does_not_go_on_with_images_of_another_size(finished, tmp_path):
    copy = shutil.copytree(finished.path, tmp_path / "run")
    config = finished.config
    config["data"]["image_size"] = [12, 12]
    config["recipe"]["epochs"] = 3
    configs.write_config(copy / "config.yaml", config)
    with pytest.raises(ValueError, match=r"takes images of 8 x 8 pixels.*Received: data.image_size=\[12, 12\]"):
        runs.resume(copy, verbose=0)
    assert runs.Run(copy).epochs_done == 2


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda config: config["recipe"].pop("optimizer"), "must have optimizer. Received: "),
        (lambda config: config["recipe"].pop("learning_rate"), "must have learning_rate. Received: "),
        (lambda config: config["recipe"]["learning_rate"].pop("warmup_epochs"), "and learning_rate.warmup_epochs"),
        (lambda config: config["recipe"]["backbone"].pop("name"), "backbone needs a name"),
        (lambda config: config["recipe"].update(batchsize=3), "Did you mean recipe.batch_size.*recipe.batchsize=3"),
        (lambda config: config["recipe"].update(optimizer="Adam"), "optimizer must be several settings"),
        (lambda config: config.update(name="simcrl"), "Did you mean simclr"),
    ],
)
def test_a_run_goes_on_by_no_recipe_that_builds_nothing(change, message, read, tmp_path):
    read(change)
    with pytest.raises(ValueError, match=f"run in {tmp_path} cannot be resumed with its config.yaml. .*{message}"):
        runs.resume(tmp_path, verbose=0)


def test_what_recipes_are_planned_to_can_go_on():
    for name in recipes.names():
        for side, images in ((8, 500), (32, 50_000), (200, 2000)):
            facts = recipes.Facts(images=images, image_size=(side, side), channels=3, resizable=side > 64)
            settings = recipes.load(name, images=facts, steps=200).settings
            validation.check_saved_settings(yaml.safe_load(yaml.safe_dump(settings)), recipes.load(name).settings)
