import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.tasks import permutation_set


def distances(permutations):
    """Hamming distances of all pairs."""
    return np.array([np.sum(a != b) for a, b in itertools.combinations(permutations, 2)])


def greedy(items, count):
    """By the book, one candidate at a time."""
    left = list(itertools.permutations(range(items)))
    chosen = [left.pop(0)]
    while len(chosen) < count:

        def apart(candidate):
            to_chosen = [sum(a != b for a, b in zip(candidate, other, strict=True)) for other in chosen]
            return min(to_chosen), sum(to_chosen)

        chosen.append(left.pop(left.index(max(left, key=apart))))
    return chosen


@settings(max_examples=25, deadline=None)
@given(items=st.integers(2, 5), share=st.floats(0, 1))
def test_each_is_the_farthest_from_those_before(items, share):
    count = 2 + round(share * (min(math.factorial(items), 40) - 2))
    np.testing.assert_array_equal(permutation_set(items, count), greedy(items, count))


def test_all_permutations_are_all_of_them():
    assert sorted(permutation_set(4, 24).tolist()) == sorted(map(list, itertools.permutations(range(4))))


def test_a_hundred_orders_of_nine_tiles_share_few_places():
    permutations = permutation_set(9, 100)
    assert (np.sort(permutations) == np.arange(9)).all()
    random = np.array([np.random.default_rng(k).permutation(9) for k in range(100)])
    assert distances(permutations).min() == 6 > distances(random).min()
    assert distances(permutations).mean() > distances(random).mean()
    # Every tile comes to every place about equally often, so a place alone tells little of the order.
    counts = np.array([np.bincount(place, minlength=9) for place in permutations.T])
    assert counts.max() <= 2 * 100 / 9


def test_more_items_than_can_be_listed():
    permutations = permutation_set(16, 30)
    assert permutations.shape == (30, 16) and (np.sort(permutations) == np.arange(16)).all()
    assert distances(permutations).min() >= 13
    np.testing.assert_array_equal(permutations, permutation_set(16, 30))


@pytest.mark.parametrize("items, count", [(4, 1), (4, 25), (9, 362881)])
def test_there_are_only_so_many(items, count):
    with pytest.raises(ValueError, match=f"{math.factorial(items)} permutations.*Received: permutations={count}"):
        permutation_set(items, count)
