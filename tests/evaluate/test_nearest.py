import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.evaluate import nearest

# As an attribute of the package, `nearest` is the function.
MODULE = sys.modules[nearest.__module__]


def reference(queries, bank, k):
    """All similarities at once, and a stable sort: equal ones stay in the bank's order."""
    cosine = np.array([[q @ b / (np.linalg.norm(q) * np.linalg.norm(b)) for b in bank] for q in queries])
    rows = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(cosine, rows, axis=1), rows


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 8), st.integers(0, 2**32 - 1), st.data())
def test_matches_the_definition_for_any_sizes(n, m, dim, seed, data):
    k = data.draw(st.integers(1, m))
    rng = np.random.default_rng(seed)
    queries, bank = rng.normal(size=(n, dim)), rng.normal(size=(m, dim))
    similarities, rows = nearest(queries, bank, k)
    expected, expected_rows = reference(queries, bank, k)
    np.testing.assert_allclose(similarities, expected, atol=2e-6)
    if dim > 1:  # in one dimension all are equal up to rounding
        gaps = np.diff(expected, axis=1)
        clear = np.all(np.abs(gaps) > 1e-5, axis=1) if k > 1 else np.zeros(n, bool)
        np.testing.assert_array_equal(rows[clear][:, :-1], expected_rows[clear][:, :-1])


def test_blocks_change_nothing(rng, monkeypatch):
    queries, bank = rng.normal(size=(23, 5)), rng.normal(size=(17, 5))
    whole = nearest(queries, bank, 4)
    monkeypatch.setattr(MODULE, "BLOCK_SIZE", 17 * 3)
    for one, other in zip(whole, nearest(queries, bank, 4), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_similarities_never_exceed_the_block(rng, monkeypatch):
    """50 000 images against 10 000 would be a matrix of 2 GB; what is held at once is bounded instead."""
    sizes, matmul = [], tf.matmul
    monkeypatch.setattr(tf, "matmul", lambda a, b: sizes.append(a.shape[0] * b.shape[1]) or matmul(a, b))
    monkeypatch.setattr(MODULE, "BLOCK_SIZE", 1000)
    nearest(rng.normal(size=(200, 3)), rng.normal(size=(90, 3)), 2)
    assert max(sizes) <= 1000 and sum(sizes) == 200 * 90


def test_equally_near_rows_come_in_the_order_of_the_bank():
    bank = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 0.0], [4.0, 0.0]])
    similarities, rows = nearest([[8.0, 0.0]], bank, 4)
    assert rows.tolist() == [[1, 2, 3, 0]]
    assert similarities.tolist() == [[1.0, 1.0, 1.0, 0.0]]


def test_a_vector_without_direction_is_similar_to_nothing():
    similarities, rows = nearest([[0.0, 0.0]], [[1.0, 0.0], [0.0, -1.0]], 2)
    assert similarities.tolist() == [[0.0, 0.0]] and rows.tolist() == [[0, 1]]


@pytest.mark.parametrize("k", [0, 3])
def test_k_outside_the_bank_is_refused_not_clipped(k):
    with pytest.raises(ValueError, match=rf"from 1 to .* 2.*Received: k={k}"):
        nearest(np.eye(2), np.eye(2), k)
