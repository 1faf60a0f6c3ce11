import numpy as np
import pytest

from keras_ssl.evaluate import knn, nearest


def reference_predictions(train, queries, k, temperature):
    """Wu et al. 2018, section 3.4, vote by vote."""
    similarities, rows = nearest(queries, train[0], k)
    predictions = []
    for similarity, row in zip(similarities, rows, strict=True):
        votes = {}
        for s, j in zip(similarity, row, strict=True):
            votes[train[1][j]] = votes.get(train[1][j], 0.0) + np.exp(float(s) / temperature)
        predictions.append(max(sorted(votes), key=votes.get))
    return np.array(predictions)


@pytest.mark.parametrize(("k", "temperature"), [(1, 0.1), (20, 0.1), (50, 0.07), (150, 5.0)])
def test_accuracy_is_that_of_the_paper_s_votes(blobs, k, temperature):
    train, test = blobs
    expected = np.mean(reference_predictions(train, test[0], k, temperature) == test[1])
    score = knn(train, test, k=k, temperature=temperature)
    assert score.accuracy == expected
    assert score.settings == {"k": k, "temperature": temperature}
    assert f"the {k} nearest" in score.protocol


def test_temperature_decides_between_one_near_and_two_far_votes():
    angles = np.radians([0, 60, 60])
    train = np.stack([np.cos(angles), np.sin(angles)], axis=1), np.array([0, 1, 1])
    test = np.array([[1.0, 0.0]]), np.array([0])
    # exp(1 / τ) against 2 exp(0.5 / τ): equal at τ = 0.5 / log 2 = 0.72.
    assert knn(train, test, k=3, temperature=0.7).accuracy == 1.0
    assert knn(train, test, k=3, temperature=0.75).accuracy == 0.0


def test_of_classes_with_equal_votes_the_lowest_number_wins():
    train = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([5, 2])
    assert knn(train, (np.array([[1.0, 0.0]]), np.array([2])), k=2).accuracy == 1.0


def test_length_of_features_does_not_matter_and_tiny_temperatures_do_not_overflow(blobs, rng):
    (x, y), test = blobs
    scaled = x * rng.uniform(0.1, 10, (len(x), 1)), y
    assert knn(scaled, test).accuracy == knn((x, y), test).accuracy
    assert knn((x, y), test, k=5, temperature=1e-6).accuracy == knn((x, y), test, k=1).accuracy


@pytest.mark.parametrize("temperature", [0.0, -0.1])
def test_temperature_must_be_positive(blobs, temperature):
    with pytest.raises(ValueError, match="temperature"):
        knn(*blobs, temperature=temperature)


@pytest.mark.slow
def test_cifar_sized_sets_take_seconds(rng):
    train = rng.normal(size=(50_000, 128)).astype("float32"), rng.integers(0, 10, 50_000)
    test = rng.normal(size=(10_000, 128)).astype("float32"), rng.integers(0, 10, 10_000)
    assert 0.05 < knn(train, test).accuracy < 0.15
