import pytest

from keras_ssl.evaluate.diagnosis import diagnose

FALLING = [10.0, 9, 8, 7, 6, 5, 4, 3, 2, 1]
FELL = [10.0, 2, 1, 1, 1, 1, 1, 1, 1, 1]
STRONG = {"contrastive_accuracy": [0.01, 0.02]}


@pytest.mark.parametrize(
    "history, steps, reason, options",
    [
        ({"loss": [3.0, float("nan")], "feature_rank": [3.0, 1.1]}, 96, "loss is not a number", "base=0.04"),
        ({"feature_rank": [3.0, 1.1]}, 96, "collapsed (feature_rank 1.1)", "base=0.04"),
        ({"loss": [5.9, 5.6], "feature_std": [214.0, 83.0], "feature_rank": [1.9, 1.1]}, 55, "exploded", "=0.0012"),
        ({"loss": [5.0, 4.0, 5.6], "feature_rank": [3.0, 1.1]}, 55, "loss rose, from 5 to 5.6", "base=0.04"),
        ({"loss": [-0.5, -0.1]}, 55, "loss rose, from -0.5 to -0.1, so the learning rate", "base=0.04"),
        ({"loss": [5.0, 6.2], "queue_fill": [0.1, 1.0]}, 55, "55 steps are few", "--steps 1000"),
        ({"loss": [5.0, 5.3]}, 55, "55 steps are few", "--steps 1000"),
        ({"embedding_spread": [0.9, 0.001]}, 5000, "collapsed (embedding_spread 0.001)", "base=0.04"),
        (
            {"loss": FALLING, "permutation_accuracy": [0.3, 0.987]},
            96,
            "task is solved (permutation_accuracy 0.99)",
            "",
        ),
        ({"loss": FALLING, "rotation_accuracy": [0.3, 0.7]}, 96, "96 steps are few", "--steps 1000"),
        ({"loss": FALLING}, 96, "96 steps are few", "--steps 1000"),
        ({}, 600, "600 steps are few", "--steps 2400"),
        ({"loss": FALLING, **STRONG}, 5000, "still falling", "--steps 20000"),
        ({"loss": FELL, **STRONG}, 5000, "found in 2.0 % of the cases", "augmenter.strength=0.5"),
    ],
)
def test_the_first_that_fits_is_named_with_what_to_try(history, steps, reason, options):
    settings = {"learning_rate": {"base": 0.12}, "augmenter": {"strength": 1.0}}
    diagnosis = diagnose(history, steps, settings)
    assert reason in diagnosis.reason and options in diagnosis.options


def test_a_constant_rate_goes_before_the_schedule_that_it_replaces():
    settings = {"learning_rate": {"base": 0.001, "warmup_epochs": 5, "constant": 1000}}
    found = diagnose({"feature_std": [385.0]}, 55, settings)
    assert found.advice("keras-ssl pretrain simclr").endswith(
        "so the learning rate is likely too high. Next, try a much lower one: keras-ssl pretrain simclr "
        "--set learning_rate.constant=10"
    )


def test_without_settings_the_remedy_is_in_words():
    diagnosis = diagnose({"loss": FELL, **STRONG}, 5000)
    assert diagnosis.options == "" and diagnosis.advice("keras-ssl").endswith("Next, try weaker ones.")
    crops = {"augmenter": {"scale": [0.2, 1]}}
    assert "augmenter.scale" in diagnose({"loss": FELL, **STRONG}, 5000, crops).options


def test_options_stand_alone_where_there_is_no_command():
    assert diagnose({}, 10).advice() == "10 steps are few. Next, train longer (--steps 1000)."


@pytest.mark.parametrize("history", [{}, {"loss": FELL}, {"loss": [3.0, 1.0]}, {"contrastive_accuracy": [0.3]}])
def test_a_training_that_went_well_has_none(history):
    assert diagnose(history, 5000) is None and diagnose(history) is None
