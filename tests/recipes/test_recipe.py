import random

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml

from keras_ssl import augment, backbones, methods, optimizers, recipes


def smaller(recipe):
    """Changes that make the recipe's networks small: of each backbone the least that its method takes."""
    backbone = recipe.settings.get("backbone", {"name": None})
    if backbone["name"] == "vit":
        return {"backbone": {**backbone, "width": 8, "depth": 1, "heads": 2}}
    if backbone["name"] is None:
        return {}
    return {"backbone": {"name": "small_cnn", "filters": [4, 8]}}


SHAPES = {"digits": (8, 8, 1), "cifar10": (32, 32, 3), "photos": (64, 64, 3)}


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_builds_a_compiled_method(name):
    # Digits are gray.
    for data, shape in SHAPES.items() if name != "colorization" else list(SHAPES.items())[1:]:
        recipe = recipes.load(name, data, smaller(recipes.load(name, data)))
        model = recipe.build(shape, steps_per_epoch=10)
        assert type(model) is getattr(methods, recipe.settings["method"]) and model.compiled
        assert model.augmenter is None or model.augmenter.image_size in (None, shape[:2])
        assert yaml.safe_load(yaml.safe_dump(recipe.settings)) == recipe.settings
        assert recipe.summary


def test_every_method_has_a_recipe():
    public = set(methods.__all__) - {"SelfSupervisedModel"}
    assert {recipes.load(name).settings["method"] for name in recipes.names()} == public


def test_data_and_callers_settings_lie_over_the_defaults():
    default, cifar = recipes.load("simclr"), recipes.load("SimCLR", "cifar10")
    assert default.settings["arguments"]["temperature"] == 0.1
    assert cifar.settings["arguments"]["temperature"] == 0.5
    assert cifar.settings["optimizer"] == default.settings["optimizer"]
    changed = recipes.load("simclr", "cifar10", {"epochs": 3, "augmenter.strength": 0.1, "augmenter.blur": True})
    assert changed.settings["epochs"] == 3
    assert changed.settings["augmenter"] == {"name": "for_images", "strength": 0.1, "blur": True}


def test_a_part_by_another_name_starts_from_its_own_defaults():
    recipe = recipes.load(
        "simclr", overrides={"backbone": {"name": "resnet18", "width": 8}, "augmenter": "grayscale"}
    )
    assert recipe.settings["augmenter"] == {"name": "grayscale"}
    other = recipes.load("simclr", overrides={"backbone.width": 8, "backbone": "mlp"})
    assert other.settings["backbone"] == {"name": "mlp"}


def test_the_settings_reach_what_they_name():
    overrides = {"backbone": {"name": "mlp", "units": [16]}, "arguments.temperature": 0.3, "augmenter.strength": 0.0}
    model = recipes.load("simclr", "cifar10", overrides).build((8, 8, 3), steps_per_epoch=10, seed=5)
    assert model.encoder.name == "mlp" and model.encoder.output_shape == (None, 16)
    assert model.temperature == 0.3 and model.seed == 5
    jitter = next(layer for layer in model.augmenter.layers if isinstance(layer, augment.RandomColorJitter))
    assert jitter.brightness == 0
    assert isinstance(model.optimizer, optimizers.SGD) and model.optimizer.momentum == 0.9


def test_the_learning_rate_warms_up_and_ends_at_zero():
    recipe = recipes.load("simclr", "cifar10", {"batch_size": 512, "epochs": 100})
    rate = recipe.learning_rate(steps_per_epoch=10)
    assert float(rate(0)) == 0
    assert float(rate(100)) == pytest.approx(0.24)  # 0.12 * 512 / 256 after ten epochs
    assert float(rate(1000)) == pytest.approx(0, abs=1e-7)
    short = recipes.load("simclr", "cifar10", {"epochs": 1}).learning_rate(steps_per_epoch=10)
    assert float(short(1)) == pytest.approx(0.12)  # of a short run a tenth


def test_images_without_color_get_the_grayscale_views():
    model = recipes.load("simclr", "xrays", {"backbone": {"name": "mlp", "units": [4]}}).build((8, 8, 1), 1)
    assert any(isinstance(layer, augment.RandomBrightnessContrast) for layer in model.augmenter.layers)


def test_another_optimizer_keeps_the_schedule():
    model = recipes.load("simclr", overrides={"optimizer": "LARS"}).build((32, 32, 3), steps_per_epoch=10)
    assert isinstance(model.optimizer, optimizers.LARS)
    assert float(model.optimizer.learning_rate) == 0  # before the first step of the warm-up


def test_the_seed_fixes_the_weights():
    recipe = recipes.load("simclr", "digits", {"backbone": {"name": "mlp", "units": [4]}})
    first, again, other = (recipe.build((8, 8, 1), 1, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", ["moco", "swav", "dino", "dcgan"])  # all kinds of initializers
def test_weights_depend_on_the_seed_alone_and_the_callers_generators_are_left_alone(name):
    shape = (16, 16, 3)
    recipe = recipes.load(name, overrides=smaller(recipes.load(name)))

    def built(callers):
        keras.utils.set_random_seed(callers)
        weights = recipe.build(shape, 1, seed=1).get_weights()
        return weights, (
            random.random(),
            np.random.random(),
            float(tf.random.normal(())),
            float(keras.random.normal(())),
        )

    def drawn(callers):
        keras.utils.set_random_seed(callers)
        return random.random(), np.random.random(), float(tf.random.normal(())), float(keras.random.normal(()))

    (weights, after), (again, _) = built(5), built(6)
    assert all((a == b).all() for a, b in zip(weights, again, strict=True))
    assert after == drawn(5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("simclrr",), "Did you mean simclr.*Received: method='simclrr'"),
        (("simclr", None, {"epoch": 3}), "settings.*epochs.*Received: 'epoch'"),
        (("simclr", None, {"backbone": "resnet19"}), "no backbone.*resnet18.*Received: backbone='resnet19'"),
        (("simclr", None, {"backbone.widht": 3}), "Did you mean backbone.width.*Received: backbone.widht=3"),
        (("simclr", None, {"optimizer": "Sgd"}), "no optimizer.*SGD.*Received: optimizer='Sgd'"),
    ],
    ids=["method", "setting", "name", "argument", "optimizer"],
)
def test_what_does_not_exist_is_named(arguments, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        recipes.load(*arguments).build((32, 32, 3), steps_per_epoch=10)


def test_recipes_are_in_the_package_and_readable_without_building(monkeypatch):
    monkeypatch.setattr(keras.Model, "compile", None)
    assert recipes.load("simclr").settings["backbone"]["name"] in backbones.__all__


def test_a_targets_momentum_rises_over_the_whole_training():
    changes = {"epochs": 5, "heads": {"projector": {"hidden_units": 8, "output_units": 4}}}
    model = recipes.load("byol", "digits", changes).build((8, 8, 1), steps_per_epoch=10)
    assert (model.momentum.total_steps, model.momentum.initial, model.momentum.final) == (50, 0.9, 1.0)


def test_tasks_are_made_by_name_with_their_arguments_and_left_out_where_null():
    puzzle = {"name": "TileOrder", "grid": 2, "permutations": 6}
    changes = {"tasks.puzzle": puzzle, "tasks.rotation": None, "tasks.contrastive.temperature": 0.2}
    model = recipes.load("multi_task", "digits", changes).build((8, 8, 1), steps_per_epoch=10)
    assert list(model.tasks) == ["contrastive", "puzzle"] and model.tasks["contrastive"].temperature == 0.2
    assert model.tasks["puzzle"].puzzle.permutations.shape == (6, 4)
    alone = recipes.load("multi_task", "digits", {"tasks.contrastive": None, "augmenter": None})
    assert alone.build((8, 8, 1), steps_per_epoch=10).augmenter is None  # no task looks at views
    for spoilt, message in (
        ({"name": "Puzzle"}, "no task of that name"),
        ({**puzzle, "tiles": 4}, "Received: tasks.puzzle.tiles=4"),
    ):
        with pytest.raises(ValueError, match=message):
            recipes.load("multi_task", "digits", {"tasks.puzzle": spoilt}).build((8, 8, 1), steps_per_epoch=10)


def test_arguments_in_epochs_become_steps():
    assert recipes.load("swav", "digits").build((8, 8, 1), steps_per_epoch=7).frozen_steps == 7


def test_one_heads_rate_can_stay_constant():
    model = recipes.load("simsiam", "digits", {"epochs": 5}).build((8, 8, 1), steps_per_epoch=10)
    falling, constant = (
        model.optimizer._optimizer_map[path] for path in ("hidden1_dense/kernel", "prediction_hidden1_dense/kernel")
    )
    assert callable(falling._learning_rate) and not callable(constant._learning_rate)
    assert float(constant.learning_rate) == pytest.approx(1e-3)
