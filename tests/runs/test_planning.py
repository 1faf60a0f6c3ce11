"""How often a run looks at its features and saves."""

import importlib
import time

import pytest

from keras_ssl.recipes.plan import rules
from keras_ssl.runs import pretrain
from keras_ssl.runs.data_source import resolve
from keras_ssl.runs.planning import facts_of_source, reports_every

# The function of that name hides the module in its package.
PRETRAIN = importlib.import_module("keras_ssl.runs.pretrain")


@pytest.mark.parametrize("epochs, minutes, expected", [(1, None, 1), (50, None, 1), (51, None, 2), (500, None, 10)])
def test_a_run_reports_fifty_times_at_the_most(epochs, minutes, expected):
    assert reports_every(epochs, minutes) == expected


@pytest.mark.parametrize("minutes, reports", [(0.1, 1), (1, 3), (5, 15), (20, 50), (600, 50)])
def test_reports_take_a_part_of_the_budget(minutes, reports):
    assert -(-3000 // reports_every(3000, minutes)) == reports


@pytest.mark.parametrize("monitor", [True, False])
def test_what_it_takes_to_decode_a_picture_is_measured(monitor, photos, recwarn):
    source = resolve(str(photos), "train", 3, None, "raise", "crop")
    facts = facts_of_source(source, monitor)
    assert 0 < facts.seconds_per_image < 0.5
    # kNN accuracy comes from all of so few.
    assert facts.seconds_before == (facts.images * facts.seconds_per_image if monitor else 0)
    # Of 49 images one is left over; that is no news for a training of another batch size.
    assert facts.images == 49 and not recwarn.list


def test_minutes_of_a_folder_count_from_the_commands_start(photos, tmp_path, monkeypatch):
    """Ten minutes ago, and each of 60 pictures takes a second: one minute to keep them, and one to watch by them."""
    monkeypatch.setattr("keras_ssl.runs.planning._seconds_per_image", lambda source: 1.0)
    monkeypatch.setattr("keras_ssl.recipes.timing._measured", lambda *arguments: (30.0, 1.0))
    monkeypatch.setattr(PRETRAIN, "_train", lambda config, folder, verbose: config["recipe"])
    began = time.monotonic() - 600
    recipe = pretrain("simclr", str(photos), tmp_path / "r", split="all", minutes=20, verbose=0, began=began)
    steps = recipe["epochs"] * (recipe["steps_per_epoch"] or 60 // recipe["batch_size"])
    left = 1200 * (1 - rules()["overhead"]) - 600 - 60 - 60 - 30
    assert left - 60 < steps <= left


@pytest.mark.parametrize(
    "budget, cache, kept",
    [({"steps": 2}, "auto", "none"), ({"epochs": 2}, "auto", "auto"), ({"steps": 2}, "memory", "memory")],
)
def test_pictures_that_are_not_all_seen_are_not_kept(budget, cache, kept, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(PRETRAIN, "_train", lambda config, folder, verbose: config["data"]["cache"])
    arguments = {"split": "all", "cache": cache, "overrides": {"batch_size": 16}, "verbose": 0, **budget}
    assert pretrain("simclr", str(photos), tmp_path / "r", **arguments) == kept
