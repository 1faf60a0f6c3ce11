import numpy as np
import pytest

from keras_ssl.evaluate import Features, few_label, knn, linear_probe, mlp_probe, svm

GOOD = np.eye(4, 3), np.array([0, 1, 0, 1])


@pytest.mark.parametrize("score", [knn, linear_probe, svm, mlp_probe, few_label])
@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (Features(GOOD[0]), GOOD, "train.labels=None"),
        (GOOD[0], GOOD, "train=ndarray"),
        ((GOOD[0], GOOD[1][:3]), GOOD, "4 rows of features and 3 labels"),
        (GOOD, (np.zeros((4, 5)), GOOD[1]), "3 features per training image and 5 per test image"),
        ((np.full((4, 3), np.nan), GOOD[1]), GOOD, "in 4 of 4 rows, first in row 0"),
        (GOOD, (np.array([[0, 0, 0], [0, np.inf, 0]]), [0, 1]), "test.features .* in 1 of 2 rows, first in row 1"),
        ((GOOD[0], np.zeros(4, int)), GOOD, "the class 0 alone"),
        (GOOD, (GOOD[0], np.array([0, 1, 7, 8])), r"test classes \[7, 8\].*training classes \[0, 1\]"),
        ((GOOD[0], np.eye(4)), GOOD, "argmax"),
        ((GOOD[0], np.array([0.0, 1.0, 0.0, 1.0])), GOOD, "float64"),
        ((GOOD[0], np.array([0, 1, -1, -1])), GOOD, "2 negative"),
        (GOOD, (np.zeros((0, 3)), np.zeros(0, int)), r"test.features of shape \(0, 3\)"),
    ],
)
def test_every_score_says_what_is_wrong_with_its_input(score, train, test, message):
    with pytest.raises(ValueError, match=message):
        score(train, test)


def test_labels_in_a_column_as_keras_datasets_gives_them_are_fine():
    column = GOOD[0], GOOD[1][:, None].astype("uint8")
    assert knn(column, column, k=1) == knn(GOOD, GOOD, k=1)
