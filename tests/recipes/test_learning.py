"""Every recipe learns: after a training on digits its features beat those of a random encoder."""

import pytest

from keras_ssl import callbacks, data, evaluate, recipes

# A part of their epochs is enough to show it within seconds; all others get all of their epochs, and are slow.
QUICK = {"autoencoder": 15, "deep_autoencoder": 15, "simclr": 6, "variational_autoencoder": 15}

# Digits are gray; tests/methods/test_colorization.py has something with colors for it.
WITH_DIGITS = [name for name in recipes.names() if name != "colorization"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in WITH_DIGITS]
)
def test_beats_a_random_encoder_on_digits(name):
    recipe = recipes.load(name, "digits", {"epochs": QUICK[name]} if name in QUICK else {})
    train = data.load("digits", batch_size=recipe.settings["batch_size"])
    model = recipe.build((8, 8, 1), len(train))
    labelled = [data.load("digits", split, labels=True) for split in ("train", "test")]

    def score(*features):
        # With many labels the features of a random encoder are nearly as good.
        return evaluate.few_label(*features, labels_per_class=(1,))[1]

    baseline = evaluate.random_baseline(model.encoder, *labelled, score)
    as_in_runs = [] if model.encodes_whole_images else [callbacks.BatchStatistics(labelled[0])]
    model.fit(train, epochs=recipe.settings["epochs"], callbacks=as_in_runs, verbose=0)
    learned = score(*(evaluate.extract_features(model.encoder, part, verbose=0) for part in labelled))
    # By more than random encoders differ among themselves.
    assert float(learned) > float(baseline) + baseline.deviation
