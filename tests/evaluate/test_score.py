import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from keras_ssl.evaluate import Score, format_table, knn
from keras_ssl.evaluate.score import mean_score, scored


def test_score_reads_as_a_number_a_line_and_a_dict():
    score = Score("5 labels per class", 0.9312, "Words.", deviation=0.0123, settings={"C": 1.0})
    assert float(score) == 0.9312
    assert str(score) == "5 labels per class: 0.931 ± 0.012 (Words.)"
    assert Score(**json.loads(json.dumps(score.to_dict()))) == score


def test_a_score_cannot_be_touched_up():
    with pytest.raises(AttributeError):
        Score("kNN", 0.5, "Words.").accuracy = 0.9


def test_table_aligns_rows_and_leaves_gaps_where_a_score_is_missing():
    knn, few = Score("kNN", 0.5, ""), {1: Score("1 label per class", 0.25, "", 0.125)}
    table = format_table({"SimCLR": [knn, few], "raw pixels": few})
    assert table.splitlines() == [
        "| features   | kNN   | 1 label per class |",
        "|------------|-------|-------------------|",
        "| SimCLR     | 0.500 | 0.250 ± 0.125     |",
        "| raw pixels |       | 0.250 ± 0.125     |",
    ]


@given(st.lists(st.sampled_from([2, 3, 7]), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_both_accuracies_are_scikit_learn_s(labels, seed):
    predictions = np.random.default_rng(seed).choice(np.unique(labels), len(labels))
    score = scored("kNN", predictions, np.array(labels), "", {})
    assert score.accuracy == pytest.approx(accuracy_score(labels, predictions))
    assert score.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, predictions))


def test_a_class_that_is_only_predicted_has_no_recall():
    score = scored("kNN", [0, 2, 1], np.array([0, 0, 1]), "", {})
    assert score.balanced_accuracy == 0.75 and score.imbalance == 2.0


def test_a_mean_has_both_deviations():
    labels = np.array([0, 0, 0, 1])
    mean = mean_score([scored("", p, labels, "", {}) for p in ([0, 0, 0, 0], [0, 0, 0, 1])], "few", "", {})
    assert (mean.accuracy, mean.balanced_accuracy, mean.imbalance) == (0.875, 0.75, 3.0)
    assert mean.deviation == pytest.approx(0.125 * 2**0.5) and mean.balanced_deviation == pytest.approx(0.25 * 2**0.5)


@pytest.mark.parametrize("rare, shown", [(5, False), (4, True)])
def test_the_table_shows_balanced_accuracy_where_classes_are_unequal(rare, shown):
    labels = np.repeat([0, 1], [8, rare])
    # Whoever always says the largest class is right as often as it occurs, and by chance in the mean over classes.
    score = scored("kNN", np.zeros(len(labels), int), labels, "", {})
    assert ("| 0.667 | 0.500         |" in format_table({"constant": [score]})) == shown
    assert score.to_dict()["balanced_accuracy"] == 0.5


def test_protocols_have_both():
    features, labels = np.eye(3)[[0, 0, 0, 1]], np.array([0, 0, 0, 1])
    assert knn((features, labels), (features, labels), k=1).balanced_accuracy == 1.0
