import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ssl.evaluate import Features
from keras_ssl.evaluate.tuning import fit_tuned, held_out_rows


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 100))
def test_every_class_gives_its_share_and_keeps_one(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    chosen = held_out_rows(labels, seed)
    for label, count in enumerate(counts):
        held_out = chosen[labels == label].sum()
        assert held_out == (0 if count == 1 else max(1, round(0.2 * count)))


class Recorder:
    """Stands for a classifier: remembers what it was fitted to and likes C = 1."""

    fits = ()

    def __init__(self, c):
        self.c = c

    def fit(self, features, labels):
        Recorder.fits += ((self.c, set(features[:, 0])),)
        return self

    def score(self, features, labels):
        Recorder.scored = set(features[:, 0])
        return -abs(np.log10(self.c))


def test_c_is_chosen_on_held_out_images_and_then_all_are_fitted():
    Recorder.fits = ()
    train = Features(np.arange(20.0)[:, None], np.arange(20) % 2)
    _, chosen = fit_tuned(Recorder, train, None, (0.1, 1.0, 10.0), seed=0)
    *trials, final = Recorder.fits
    assert chosen == 1.0 and final == (1.0, set(range(20)))
    assert len(Recorder.scored) == 4
    assert all(rows.isdisjoint(Recorder.scored) and len(rows) == 16 for _, rows in trials)


def test_a_given_c_is_used_without_choosing():
    Recorder.fits = ()
    fit_tuned(Recorder, Features(np.zeros((2, 1)), np.arange(2)), 3.0, (0.1, 1.0), seed=0)
    assert [c for c, _ in Recorder.fits] == [3.0]


def test_what_cannot_be_chosen_or_used_is_said():
    singles = Features(np.zeros((2, 1)), np.arange(2))
    with pytest.raises(ValueError, match=r"one training image per class"):
        fit_tuned(Recorder, singles, None, (0.1, 1.0), seed=0)
    with pytest.raises(ValueError, match="C must be positive"):
        fit_tuned(Recorder, singles, 0.0, (0.1, 1.0), seed=0)
