import importlib

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from keras_ssl.evaluate import linear_classifier, linear_probe, mlp_probe, svm


@pytest.mark.parametrize(
    ("probe", "estimator"),
    [(linear_probe, LogisticRegression(C=0.1, max_iter=1000)), (svm, SVC(C=0.1, kernel="linear"))],
)
def test_linear_scores_are_scikit_learn_s_on_features_standardised_by_the_training_part(blobs, probe, estimator):
    (x, y), (x_test, y_test) = blobs
    x_test = x_test + 0.3  # so that it would show if the test part had a say in the standardization
    scaler = StandardScaler().fit(x)
    expected = estimator.fit(scaler.transform(x), y).score(scaler.transform(x_test), y_test)
    assert probe((x, y), (x_test, y_test), C=0.1).accuracy == pytest.approx(expected)


def test_many_images_get_the_solver_whose_time_does_not_grow_with_their_square(blobs, monkeypatch):
    monkeypatch.setattr(importlib.import_module("keras_ssl.evaluate.svm"), "FEW_IMAGES", 10)
    (x, y), (x_test, y_test) = blobs
    scaler = StandardScaler().fit(x)
    expected = LinearSVC(C=0.1, max_iter=10_000).fit(scaler.transform(x), y).score(scaler.transform(x_test), y_test)
    score = svm((x, y), (x_test, y_test), C=0.1)
    assert score.accuracy == pytest.approx(expected) and "one against the rest" in score.protocol


@pytest.mark.parametrize("probe", [linear_probe, svm, mlp_probe])
def test_probes_are_near_the_best_possible_and_repeat(blobs, probe):
    (_, _), (x_test, y_test) = blobs
    possible = np.mean(x_test[:, :3].argmax(axis=1) == y_test)  # what knowing the true centers gives
    score = probe(*blobs)
    assert abs(score.accuracy - possible) < 0.08
    assert probe(*blobs) == score
    assert "scored once on the test images" in score.protocol


@pytest.mark.parametrize("probe", [linear_probe, svm])
def test_the_protocol_says_how_c_came_about(blobs, probe):
    tuned, given = probe(*blobs), probe(*blobs, C=0.5)
    assert f"C={tuned.settings['C']:g} chosen from" in tuned.protocol
    assert "C=0.5 was given" in given.protocol and given.settings["C"] == 0.5


def test_mlp_finds_what_no_line_can(rng):
    x = rng.uniform(-1, 1, (1200, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    train, test = (x[:1000], y[:1000]), (x[1000:], y[1000:])
    assert linear_probe(train, test, C=1.0).accuracy < 0.7
    assert mlp_probe(train, test).accuracy > 0.9


def test_mlp_says_when_there_is_too_little_to_hold_out():
    few = np.eye(6), np.arange(6) % 2
    with pytest.raises(ValueError, match="6 training images of 2 classes, 3 of the rarest"):
        mlp_probe(few, few)


@pytest.mark.parametrize("classes", [2, 3])
def test_keras_classifier_gives_scikit_learn_s_probabilities(rng, classes):
    labels = np.arange(90) % classes
    x = rng.normal(size=(90, 5)) * [1, 10, 0.1, 1, 0] + [0, 50, 0, -3, 2] + labels[:, None] * [1, 5, 0, 0, 0]
    x = x.astype("float32")
    scaler = StandardScaler().fit(x)
    expected = LogisticRegression(C=1.0, max_iter=1000).fit(scaler.transform(x), labels)
    classifier = linear_classifier((x, labels), C=1.0)
    np.testing.assert_allclose(
        classifier.predict(x, verbose=0), expected.predict_proba(scaler.transform(x)), atol=1e-5
    )


def test_keras_classifier_is_the_probe_s(blobs):
    predictions = linear_classifier(blobs[0]).predict(blobs[1][0], verbose=0).argmax(axis=1)
    assert np.mean(predictions == blobs[1][1]) == linear_probe(*blobs).accuracy


def test_keras_classifier_needs_every_class():
    with pytest.raises(ValueError, match=r"no image of \[1, 2\]"):
        linear_classifier((np.eye(4), np.array([0, 3, 0, 3])), C=1.0)
