import argparse
import re

import pytest
from click.testing import CliRunner

from keras_ssl import recipes
from keras_ssl.cli import main
from keras_ssl.recipes.validation import lookup

PHOTOGRAPHS = recipes.Facts(500, (96, 128), resizable=True, accelerator=False, cores=2)
DIGITS = recipes.Facts(1437, (8, 8), 1, accelerator=False, cores=2)


@pytest.mark.parametrize("name", recipes.names())
def test_all_recipes_pass_for_all_kinds_of_images(name):
    for data in (None, "cifar10", "digits"):
        recipes.load(name, data)
    for facts in (PHOTOGRAPHS, DIGITS):
        recipes.load(name, images=facts, steps=10)
        recipes.load(name, images=facts, epochs=1000)


@pytest.mark.parametrize(
    ("method", "overrides", "message"),
    [
        ("simclr", {"epoch": 3}, "Did you mean epochs? Received: 'epoch'"),
        ("simclr", {"": 3}, "Received: ''"),
        ("simclr", {"epochs.x": 3}, "epochs must be a whole number"),
        ("simclr", {"epochs": True}, "epochs must be a number. Received: epochs=True"),
        ("simclr", {"batch_size": None}, "batch_size cannot be left out"),
        ("simclr", {"batch_size": 10**20}, f"2147483647 at most. Received: batch_size={10**20}"),
        ("simclr", {"batch_size": float("inf")}, "2147483647 at most. Received: batch_size=inf"),
        ("simclr", {"batch_size": float("nan")}, "2147483647 at most. Received: batch_size=nan"),
        ("simclr", {"image_size": "abc"}, "height and width in pixels"),
        ("simclr", {"image_size.x": 3}, "height and width in pixels"),
        ("simclr", {"heads": None}, "heads cannot be left out of this recipe. Received: heads=None"),
        ("simclr", {"heads": {"projector": 5}}, "heads.projector must be several settings"),
        ("simclr", {"heads.projector": None}, "heads.projector must be several settings"),
        ("simclr", {"heads.projectr": {"name": "projection_head"}}, "Did you mean heads.projector?"),
        ("simclr", {"heads.projector.units": 3}, "heads.projector has the settings hidden_units, "),
        ("simclr", {"backbone": []}, "backbone has the parts name"),
        ("simclr", {"backbone": {"width": 3, "name": None}}, "There is no backbone of that name"),
        ("simclr", {"backbone.widht": 3}, "Did you mean backbone.width? Received: backbone.widht=3"),
        ("simclr", {"backbone.width": "wide"}, "backbone.width must be a number, such as 64"),
        ("simclr", {"backbone.zero_init_residual": 3}, "must be true or false, such as False"),
        ("simclr", {"backbone": {1: 2}}, "Received: backbone.1=2"),
        ("simclr", {"augmenter.strenght": 3}, "Did you mean augmenter.strength?"),
        ("simclr", {"augmenter.scale": "large"}, "augmenter.scale must be numbers"),
        ("simclr", {"arguments.temprature": 3}, "Did you mean arguments.temperature?"),
        (
            "simclr",
            {"arguments.momentum": 2},
            "arguments has the settings temperature. Received: arguments.momentum=2",
        ),
        ("simclr", {"learning_rate.zzz": 1}, "learning_rate has the settings base, constant, warmup_epochs."),
        ("simclr", {"learning_rate.base": -1}, "above 0. Received: learning_rate.base=-1"),
        ("simclr", {"learning_rate.base": float("nan")}, "Received: learning_rate.base=nan"),
        ("simclr", {"learning_rate.base": None}, "learning_rate.base must be a number"),
        ("simclr", {"learning_rate.warmup_epochs": -1}, "0 or more"),
        ("simclr", {"optimizer": "Adam", "optimizer.beta_1": 5}, "from 0 to below 1. Received: optimizer.beta_1=5"),
        ("simclr", {"optimizer": {"name": "SGD", "momentum": 2}}, "from 0 to 1. Received: optimizer.momentum=2"),
        ("simclr", {"optimizer.learning_rate": 2.0}, "optimizer has the settings"),
        ("simclr", {"momentum.initial": 0.9}, "The recipe has the settings"),
        ("byol", {"momentum.initial": 1.5}, "momentum.initial must be a number from 0 to 1"),
        ("byol", {"momentum.start": 0.5}, "momentum has the settings final, initial, time_constant"),
        ("moco_v3", {"arguments": {"momentum": 0.5}}, "Received: "),
        ("dcgan", {"learning_rate.base": 0.1}, "learning_rate has the settings constant."),
        ("dcgan", {"optimizers.generator": {"name": "Adam"}}, "Did you mean optimizers.generator_optimizer?"),
        ("dcgan", {"optimizers.generator_optimizer.beta_1": 1}, "from 0 to below 1"),
        ("dcgan", {"arguments.feature_grids": 2}, "Did you mean arguments.feature_grid?"),
        ("multi_task", {"tasks.rotation.augment": True}, "Did you mean tasks.rotation.augmented?"),
        ("multi_task", {"tasks.turn": 5}, "tasks.turn must be several settings"),
        ("swav", {"arguments_in_epochs.frozen": 5}, "Did you mean arguments_in_epochs.frozen_steps?"),
    ],
)
@pytest.mark.parametrize("images", [None, PHOTOGRAPHS], ids=["papers", "planned"])
def test_what_a_recipe_cannot_be_is_said_with_the_nearest_name(method, overrides, message, images):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        recipes.load(method, overrides=overrides, images=images)
    assert "Received: " in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "overrides",
    [
        {"augmenter": None},
        {"augmenter.blur": False},
        {"augmenter": {"name": "grayscale", "rotation": 5}},
        {"optimizer": {"name": "Adam", "beta_1": 0.8, "clipnorm": 1.0, "use_ema": True}},
        {"optimizer": {"name": "LARS", "global_clipnorm": 1.0}},
        {"learning_rate.constant": 0.1},
        {"learning_rate": {"base": 1, "warmup_epochs": 0}},
        {"backbone": {"name": "vit", "patch_size": 8, "width": 32, "depth": 1, "heads": 2}},
        {"heads.projector.hidden_units": None},
        {"arguments.temperature": 1},
    ],
)
def test_what_it_can_be_is_taken(overrides):
    recipes.load("simclr", overrides=overrides)
    recipes.load("simclr", overrides=overrides, images=PHOTOGRAPHS, steps=10)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"backbone": {"name": "dense_autoencoder"}},
            "settings of the backbone make a tuple, which is none. Received: backbone=",
        ),
        ({"backbone": "Prototypes"}, "no backbone of that name. Received: backbone='Prototypes'"),
        ({"augmenter": {"name": "RandomMasking"}}, "augmenter does not take.*Received: augmenter=RandomMasking"),
        ({"optimizer": {"name": "get"}}, "optimizer does not take.*Received: optimizer=get"),
        ({"optimizer": {"name": "schedules"}}, "optimizer does not take.*Received: optimizer="),
        ({"backbone.width": 10**30}, "backbone does not take.*Received: backbone=resnet18"),
        ({"backbone.width": -1}, "Received: .*-1"),
    ],
)
def test_what_a_part_cannot_be_is_said_when_it_is_made(overrides, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        recipes.load("simclr", overrides=overrides).build((32, 32, 3), 1)


def test_a_whole_number_is_a_constant_learning_rate():
    recipe = recipes.load("simclr", overrides={"learning_rate.constant": 1, "backbone": "mlp"})
    assert float(recipe.build((8, 8, 1), 1).optimizer.learning_rate) == 1.0


def test_names_that_are_close_are_named():
    with pytest.raises(ValueError, match=r"no backbone .* Did you mean resnet18 or resnet50\? Received: backbone="):
        lookup("backbone", __import__("keras_ssl").backbones, "resnet1")


KEYS = """
    batch_size epochs image_size read_size method backbone backbone.width backbone.name backbone.filters heads heads.x
    heads.projector heads.projector.hidden_units augmenter augmenter.strength augmenter.scale arguments tasks
    arguments.temperature arguments.momentum arguments.queue_size arguments_in_epochs.frozen_steps momentum
    momentum.initial optimizer optimizer.name optimizer.beta_1 optimizers learning_rate learning_rate.base
    learning_rate.constant tasks.rotation steps_per_epoch seed . .. a.b epochs.x image_size.0
"""
VALUES = """
    0 1 -1 2 64 1e3 1e400 -1e400 .nan .inf nan inf 99999999999999999999 null ~ true false yes [] {} '' abc é ² [1]
    [1,2] [1,[2]] {a:1} {name:mlp} {name:resnet18,width:4} {name:null} {name:[1]} SGD Adam BYOL resnet18
    2020-01-01 0x10 1_0 64x96 64x96x3 &a[*a] *a !!python/object:os.system [1 {a 'x %TAG @ ` - : ?
"""
UNSPLIT = ["9" * 5000, "[" * 3000, "{a: b: c}", "{name: mlp, units: [1, a]}", "\t", "\0", " ", "a: b", "&a [*a]"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_thousand_command_lines_end_in_settings_or_a_sentence(monkeypatch, rng):
    images = [None, PHOTOGRAPHS, DIGITS]

    def load(method, data, out, *, overrides, epochs, steps, **kwargs):
        facts = images[rng.integers(len(images))]
        recipe = recipes.load(method, overrides=overrides, images=facts, epochs=epochs, steps=steps)
        assert recipe.settings["batch_size"] > 0
        return argparse.Namespace(epochs_done=0, path=out, config={"data": {"name": "digits", "data_dir": None}})

    monkeypatch.setattr("keras_ssl.runs.pretrain", load)
    keys, values, codes = KEYS.split(), [*VALUES.split(), *UNSPLIT], set()
    for _ in range(1000):
        words = ["pretrain", str(rng.choice(recipes.names())), "--data", "digits", "--out", "x"]
        for _ in range(rng.integers(1, 4)):
            words += ["--set", f"{rng.choice(keys)}={values[rng.integers(len(values))]}"]
        if rng.random() < 0.2:
            words += [str(rng.choice(["--epochs", "--steps"])), str(rng.choice(["0", "-1", "1", "9" * 13, "x"]))]
        result = CliRunner().invoke(main, words)
        assert isinstance(result.exception, SystemExit | None), (words, result.exception)
        codes.add(result.exit_code)
        if result.exit_code == 1:
            assert result.output.startswith("Error: ") and "Received: " in result.output, (words, result.output)
    assert codes == {0, 1, 2}
