import pytest

from keras_ssl.evaluate import training_verdict

REFERENCES = {"knn_accuracy_of_raw_pixels": [0.7] * 2, "knn_accuracy_of_random_encoder": [0.3] * 2}


def test_with_labels_the_last_accuracy_is_compared():
    found = training_verdict("BYOL", {"val_knn_accuracy": [0.4, 0.9], **REFERENCES}, steps=9, scored_images=300)
    assert found.better == {"random encoder": True, "raw pixels": True} and found.advice == ""
    assert str(found).startswith("BYOL's features are better than the random encoder's (kNN 0.900 against 0.300).")


def test_what_does_not_beat_pixels_hears_why():
    history = {"val_knn_accuracy": [0.4, 0.5], **REFERENCES}
    found = training_verdict("BYOL", history, steps=9, scored_images=300, command="keras-ssl pretrain byol")
    assert found.better == {"random encoder": True, "raw pixels": False}
    assert found.advice == "9 steps are few. Next, train longer: keras-ssl pretrain byol --steps 1000"


@pytest.mark.parametrize("scored, accuracy", [(None, 0.5), (300, float("nan"))])
def test_what_cannot_be_compared_is_not(scored, accuracy):
    history = {"val_knn_accuracy": [accuracy], **REFERENCES, "loss": [2.0]}
    assert training_verdict("BYOL", history, scored_images=scored).text.startswith(
        "The log says, without labels: the loss"
    )


def test_without_labels_the_log_is_compared_with_good_runs():
    history = {"feature_rank": [20.0, 12.0], "feature_spread": [0.1, 0.3], "contrastive_accuracy": [0.0, 0.25]}
    found = training_verdict("SimCLR", history, steps=5000)
    assert found.text == (
        "The log says, without labels: the rank of the features is 12 (good runs: 20 or more): too little, "
        "their spread 0.30 (0.3 or more), the other view of an image is found in 25.0% of the cases (5% or more); "
        "not as in runs whose features beat a random encoder's."
    )
    assert found.better == {} and found.advice == ""


def test_runs_that_go_as_good_ones_hear_so():
    history = {"feature_rank": [20.0, 90.0], "feature_spread": [0.2, 0.4]}
    for steps in (500, 5000):
        found = training_verdict("SimCLR", history, steps=steps)
        assert "or more); as in runs" in found.text and found.advice == ""
    found = training_verdict("SimCLR", history, steps=50)
    assert "not as in runs" in found.text and found.advice.startswith("50 steps are few.")


def test_a_collapse_is_said_without_labels():
    assert "collapsed" in training_verdict("BYOL", {"feature_rank": [9.0, 1.0]}, steps=5000).advice


def test_features_below_a_random_encoders_hear_of_a_rate_that_was_too_high():
    history = {"val_knn_accuracy": [0.8, 0.5], **REFERENCES, "loss": [5.9, 5.6], "feature_std": [1792.0, 385.0]}
    settings = {"learning_rate": {"constant": 1000.0}}
    found = training_verdict("SimCLR", history, steps=55, scored_images=300, settings=settings, command="keras-ssl")
    assert "the learning rate is likely too high" in found.advice
    assert found.advice.endswith("keras-ssl --set learning_rate.constant=10")
    blind = {"feature_rank": [30.0, 25.0], "feature_spread": [0.4, 0.4], "feature_std": [1792.0, 385.0]}
    assert "too high" in training_verdict("SimCLR", blind, steps=5000, settings=settings).advice


def test_features_of_few_directions_that_are_worse_than_before_hear_of_the_rate_too():
    history = {"val_knn_accuracy": [0.2, 0.1], **REFERENCES, "feature_rank": [5.8, 6.9]}
    given = {"steps": 55, "scored_images": 300, "settings": {"learning_rate": {"constant": 0.1}}}
    found = training_verdict("SimCLR", history, **given)
    assert "feature_rank 6.9; good runs: 20" in found.advice and "learning_rate.constant=0.01" in found.advice
    for other in ({"val_knn_accuracy": [0.2, 0.3]}, {"feature_rank": [25.0, 46.0]}):
        assert "55 steps are few" in training_verdict("SimCLR", {**history, **other}, **given).advice


def test_a_log_that_says_nothing_says_so():
    assert "nothing that was logged" in training_verdict("DeepAutoencoder", {}).text
