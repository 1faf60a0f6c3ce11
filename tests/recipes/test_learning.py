"""Every recipe learns: after a short run its features of digits beat those of a random encoder."""

import pytest

from keras_ssl import data, evaluate, recipes


@pytest.mark.parametrize("name", recipes.names())
def test_beats_a_random_encoder_on_digits(name):
    train = data.load("digits", batch_size=256)
    recipe = recipes.load(name, "digits", {"epochs": 15})
    model = recipe.build((8, 8, 1), len(train))
    labelled = [data.load("digits", split, labels=True) for split in ("train", "test")]

    def score(*features):
        return evaluate.few_label(*features, labels_per_class=(5,))

    baseline = evaluate.random_baseline(model.encoder, *labelled, score)[5]
    model.fit(train, epochs=15, verbose=0)
    learned = score(*(evaluate.extract_features(model.encoder, part, verbose=0) for part in labelled))[5]
    assert float(learned) > float(baseline) + 0.03
