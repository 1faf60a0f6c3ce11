"""How settings follow from the number of images, their size, the device and the budget."""

import importlib
import math
import time
from dataclasses import replace

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl import recipes
from keras_ssl.recipes.facts import Facts
from keras_ssl.recipes.plan import rules, sees_all
from keras_ssl.recipes.timing import Timing

# The function of that name hides the module in its package.
LOADING = importlib.import_module("keras_ssl.recipes.load")
PHOTOS = Facts(2000, (120, 160), resizable=True, accelerator=False, cores=2)
SMALL = Facts(2000, (32, 32), accelerator=False, cores=2)
TINY = Facts(1437, (8, 8), 1, accelerator=False, cores=2)
MANY = Facts(1_281_167, (400, 500), resizable=True, accelerator=True)
# The shapes of their images; colorization has none for gray ones.
CASES = [(name, facts) for name in recipes.names() for facts in (PHOTOS, SMALL, MANY, TINY)]
CASES = [(name, facts) for name, facts in CASES if name != "colorization" or facts.channels == 3]


@pytest.mark.parametrize("name, facts", CASES)
def test_every_method_gets_settings_for_all_kinds_of_images(name, facts):
    recipe = recipes.load(name, images=facts)
    assert yaml.safe_load(yaml.safe_dump(recipe.settings)) == recipe.settings
    assert recipe.image_shape[2] == facts.channels
    assert max(recipe.image_shape[:2]) <= max(facts.image_size)
    assert recipe.settings["batch_size"] <= facts.images
    assert recipe.decisions[-1].key == "epochs" and all(decision.reason for decision in recipe.decisions)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["simclr", "moco", "swav", "dino", "mae", "dcgan"]),
    st.integers(2, 3_000_000),  # of one image nothing is learned by comparison
    st.tuples(st.integers(8, 4000), st.integers(8, 4000)),
    st.one_of(st.none(), st.integers(1, 10**6)),
)
def test_any_number_and_size_of_images_has_a_plan(name, images, size, steps):
    facts = Facts(images, size, resizable=True, accelerator=False)
    recipe = recipes.load(name, images=facts, steps=steps)
    chosen = recipe.settings
    per_epoch = max(1, images // chosen["batch_size"])
    total = chosen["epochs"] * (chosen["steps_per_epoch"] or per_epoch)
    assert chosen["batch_size"] <= max(images, 2) and chosen["epochs"] >= 1
    if steps:
        # To the nearest epoch, or to a tenth of a part of one.
        assert abs(total - steps) <= max(per_epoch / 2, 10)
    if chosen["read_size"] is not None:
        read, seen = chosen["read_size"], chosen["image_size"]
        assert all(least <= length for least, length in zip(seen, read, strict=True))
        assert max(read) <= 2 * rules()["read_scale"] * max(seen)


def test_pictures_are_read_larger_than_the_network_sees_them_and_keep_their_shape():
    chosen = recipes.load("simclr", images=PHOTOS).settings
    assert chosen["image_size"] == [48, 48] and chosen["read_size"] == [72, 96]
    # What rebuilds whole images has no crops to take from more.
    assert recipes.load("autoencoder", images=PHOTOS).settings["read_size"] is None
    # And arrays are as large as they are.
    assert recipes.load("simclr", images=Facts(2000, (120, 160))).settings["read_size"] is None


def test_small_pictures_of_any_sizes_are_brought_to_one():
    chosen = recipes.load("simclr", images=Facts(500, (40, 30), resizable=True, accelerator=False)).settings
    assert chosen["image_size"] == [30, 30] and chosen["read_size"] == [40, 30]


def test_a_cpu_gets_a_network_that_it_trains_in_minutes_and_an_accelerator_the_papers():
    assert recipes.load("simclr", images=PHOTOS).settings["backbone"]["width"] == 16
    papers = recipes.load("simclr", images=MANY)
    assert papers.settings["backbone"] == {"name": "resnet18"} and papers.settings["image_size"] == [96, 96]
    assert papers.settings["optimizer"]["name"] == "SGD" and papers.settings["batch_size"] == 256


def test_cifar_keeps_the_papers_settings_for_the_papers_length_alone():
    cifar = Facts(50_000, (32, 32), accelerator=False)
    long, short = recipes.load("simclr", images=cifar), recipes.load("simclr", images=cifar, epochs=10)
    assert long.settings["epochs"] == 100 and long.settings["optimizer"]["name"] == "SGD"
    assert short.settings["epochs"] == 10 and short.settings["optimizer"] == {"name": "Adam"}


def test_the_callers_settings_are_left_alone():
    overrides = {
        "batch_size": 32,
        "backbone.width": 8,
        "image_size": [40, 40],
        "arguments.queue_size": 64,
        "epochs": 3,
    }
    recipe = recipes.load("moco", overrides=overrides, images=PHOTOS)
    chosen = recipe.settings
    assert chosen["batch_size"] == 32 and chosen["backbone"]["width"] == 8 and chosen["image_size"] == [40, 40]
    assert chosen["arguments"]["queue_size"] == 64 and chosen["epochs"] == 3
    assert not {decision.key for decision in recipe.decisions} & {"batch_size", "backbone.width", "image_size"}


def test_one_image_is_too_few_for_what_compares_images():
    one = Facts(1, (8, 8), 1)
    with pytest.raises(ValueError, match=r"SimCLR compares images with each other.* Received: images=1"):
        recipes.load("simclr", images=one, minutes=1)
    assert recipes.load("autoencoder", images=one, steps=10).settings["epochs"] == 10


def test_a_queue_holds_half_of_the_images_at_the_most():
    chosen = recipes.load("moco", images=SMALL).settings
    assert chosen["arguments"]["queue_size"] == 7 * 128  # of 1000


def test_momentum_is_a_time_constant_that_grows_with_the_root_of_the_steps():
    for steps in (100, 10_000):
        model = recipes.load("byol", images=TINY, overrides={"momentum": {"time_constant": 0.75, "final": 1.0}})
        model = recipes.Recipe("byol", {**model.settings, "epochs": steps}).build((8, 8, 1), steps_per_epoch=1)
        assert 1 / (1 - float(model.momentum(0))) == pytest.approx(0.75 * math.sqrt(steps), rel=1e-3)


def test_less_than_one_pass_is_made_in_parts():
    chosen = recipes.load("simclr", images=Facts(1_000_000, (32, 32)), steps=500).settings
    assert chosen["epochs"] * chosen["steps_per_epoch"] == 500


def test_minutes_are_laid_out_by_the_time_of_steps(monkeypatch):
    timed = []

    def pretend(recipe, facts, image_shape, read_size):
        timed.append(image_shape[0])
        return Timing(0.0, 0.1 * (image_shape[0] / 32) ** 2)

    monkeypatch.setattr(LOADING, "time_training", pretend)
    recipe = recipes.load("simclr", images=PHOTOS, minutes=20)
    total = recipe.settings["epochs"] * (2000 // recipe.settings["batch_size"])
    spent = total * 0.1 * (recipe.image_shape[0] / 32) ** 2
    assert timed == [32, recipe.image_shape[0]]
    assert 20 * 60 * 0.8 < spent < 20 * 60
    # As many images as features need, in the largest size that has time for them.
    assert total * recipe.settings["batch_size"] >= rules()["cpu"]["images_seen"] * 0.98
    assert recipes.load("simclr", images=PHOTOS, minutes=2).image_shape == (32, 32, 3)


def test_what_passes_before_the_first_step_is_a_part_of_the_minutes(monkeypatch):
    monkeypatch.setattr(LOADING, "time_training", lambda *arguments: Timing(100.0, 0.1))
    chosen = recipes.load("simclr", images=SMALL, minutes=10, began=time.monotonic() - 200).settings
    spent = 200 + 100 + 0.1 * chosen["epochs"] * (2000 // chosen["batch_size"])
    assert spent == pytest.approx(600 * (1 - rules()["overhead"]), abs=3)


def test_where_there_is_no_time_to_decode_all_pictures_they_stream(monkeypatch):
    """Ten minutes, of which to decode all takes nine: that would leave time for some steps on a few of them."""
    monkeypatch.setattr(LOADING, "time_training", lambda *arguments: Timing(540.0, 1.0, 540.0))
    facts = Facts(54_000, (48, 48), accelerator=False, seconds_per_image=0.01)
    chosen = recipes.load("simclr", images=facts, minutes=10).settings
    steps = chosen["epochs"] * chosen["steps_per_epoch"]
    per_step = 1 + 0.01 * chosen["batch_size"]
    assert steps * per_step == pytest.approx(600 * (1 - rules()["overhead"]), rel=0.05)
    assert not sees_all(chosen, facts.images)
    kept = recipes.load(
        "simclr", images=replace(facts, cache="memory"), minutes=10
    ).settings  # who asks for it has it
    assert kept["epochs"] * kept["steps_per_epoch"] == 1


def test_an_epoch_of_few_images_is_several_passes_where_minutes_are_given(monkeypatch):
    monkeypatch.setattr(LOADING, "time_training", lambda *arguments: Timing(0.0, 0.05))
    facts = Facts(70, (48, 48), accelerator=False, cores=2)
    recipe = recipes.load("swav", images=facts, minutes=1)
    chosen = recipe.settings
    assert chosen["batch_size"] == 64 and chosen["steps_per_epoch"] == 20  # a second each
    assert 0.8 * 60 < chosen["epochs"] * 20 * 0.05 < 60
    assert "20 passes" in recipe.decisions[-1].reason
    # What the recipe says in epochs is in passes.
    model = recipe.build(recipe.image_shape, steps_per_epoch=1)
    assert model.frozen_steps == chosen["arguments_in_epochs"]["frozen_steps"]
    # Who counts in epochs means passes.
    by_epochs = recipes.load("swav", images=facts, epochs=7).settings
    assert by_epochs["epochs"] == 7 and by_epochs["steps_per_epoch"] is None


def test_views_of_few_images_are_milder_and_a_setting_of_the_caller_stays():
    milder = rules()["few_images"]["augmenter"]["for_images"]
    chosen = recipes.load("vicreg", images=SMALL, overrides={"augmenter.scale": [0.1, 1.0]}).settings
    assert chosen["augmenter"]["strength"] == milder["strength"] and chosen["augmenter"]["scale"] == [0.1, 1.0]
    many = recipes.load("vicreg", images=Facts(50_000, (32, 32))).settings
    assert many["augmenter"]["strength"] != milder["strength"]


def test_the_time_of_a_step_is_measured_on_this_machine():
    images = np.zeros((64, 8, 8, 1), "uint8")
    recipe = recipes.load("simclr", images=images, minutes=0.5)
    assert 1 <= recipe.settings["epochs"] < 10**6
    assert "0.5 minutes at" in recipe.decisions[-1].reason


@pytest.mark.parametrize(
    "budget, words",
    [
        ({"minutes": 5, "epochs": 3}, "only one of minutes"),
        ({"minutes": 0}, "minutes must be positive"),
        ({"steps": -1}, "steps must be positive"),
        ({"epochs": True}, "epochs must be positive"),
        ({"minutes": float("nan")}, "minutes must be positive"),
    ],
)
def test_what_is_no_budget_is_refused(budget, words):
    with pytest.raises(ValueError, match=words):
        recipes.load("simclr", images=SMALL, **budget)


def test_minutes_without_images_are_refused():
    with pytest.raises(ValueError, match="pass images="):
        recipes.load("simclr", "cifar10", minutes=5)
