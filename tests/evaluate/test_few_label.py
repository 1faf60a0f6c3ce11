import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from keras_ssl.evaluate import few_label, format_table
from keras_ssl.evaluate.few_label import shuffled_classes


def test_scores_follow_the_stated_protocol(blobs):
    (x, y), (x_test, y_test) = blobs
    scores = few_label(*blobs, labels_per_class=(1, 5), repeats=4, seed=3)
    center, scale = x.mean(0), np.sqrt(x.var(0).mean())
    for count, score in scores.items():
        accuracies = []
        for repeat in range(4):
            rows = np.concatenate([rows[:count] for rows in shuffled_classes(y, [3, repeat])])
            fitted = LogisticRegression(C=1.0, max_iter=1000).fit((x[rows] - center) / scale, y[rows])
            accuracies.append(fitted.score((x_test - center) / scale, y_test))
        assert score.accuracy == pytest.approx(np.mean(accuracies), abs=0.005)
        assert score.deviation == pytest.approx(np.std(accuracies, ddof=1), abs=0.005)
        assert score.settings["labels_per_class"] == count


def test_draws_are_of_each_class_and_depend_on_labels_and_seed_alone(rng):
    labels = rng.integers(0, 4, 100)
    draw = shuffled_classes(labels, [0, 1])
    assert all((labels[rows] == label).all() for label, rows in enumerate(draw))
    for same, other in zip(draw, shuffled_classes(labels, [0, 1]), strict=True):
        np.testing.assert_array_equal(same, other)
    assert any((a[:5] != b[:5]).any() for a, b in zip(draw, shuffled_classes(labels, [0, 2]), strict=True))


def test_axes_and_units_of_the_features_do_not_matter(blobs, rng):
    """So no encoder wins by the scale of its features, and pixels that hardly vary do no harm."""
    rotation, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    moved = [(50 * (x @ rotation) + 7, y) for x, y in blobs]
    for one, other in zip(few_label(*blobs, repeats=3).values(), few_label(*moved, repeats=3).values(), strict=True):
        assert one.accuracy == pytest.approx(other.accuracy, abs=0.01)


def test_more_labels_help_and_all_prints_as_a_table(blobs):
    scores = few_label(*blobs)
    assert scores[1].accuracy < scores[5].accuracy < scores[10].accuracy
    assert "1 label per class | 5 labels per class" in format_table({"blobs": scores})


def test_collapsed_features_score_by_chance():
    constant = np.ones((60, 4)), np.arange(60) % 3
    assert few_label(constant, constant, repeats=2)[10].accuracy == pytest.approx(1 / 3)


def test_one_draw_has_no_deviation(blobs):
    assert few_label(*blobs, labels_per_class=(2,), repeats=1)[2].deviation is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels_per_class": (1, 61)}, "60 images of class 0"),
        ({"labels_per_class": (0,)}, "positive"),
        ({"repeats": 0}, "repeats=0"),
    ],
)
def test_impossible_draws_are_refused(blobs, arguments, message):
    with pytest.raises(ValueError, match=message):
        few_label(*blobs, **arguments)
