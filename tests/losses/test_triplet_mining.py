import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.losses import (
    MINERS,
    euclidean_distances,
    hardest_negatives,
    random_negatives,
    semi_hard_negatives,
)

DISTANCES = np.asarray([[3, 1, 4, 5], [2, 7, 6, 3], [9, 8, 1, 2]], "float32")
POSITIVES = np.asarray([0, 1, 2])


def test_hardest_is_the_nearest_other():
    np.testing.assert_array_equal(hardest_negatives(DISTANCES, POSITIVES), [1, 0, 3])


def test_semi_hard_is_the_nearest_beyond_the_positive_or_else_the_farthest():
    np.testing.assert_array_equal(semi_hard_negatives(DISTANCES, POSITIVES), [2, 2, 3])


def test_random_is_any_other_equally_often():
    uniform = (np.arange(300)[:, None] + 0.5) / 300
    for positive in range(4):
        negatives = random_negatives(np.zeros((300, 4), "float32"), np.full(300, positive), uniform.astype("float32"))
        counts = np.bincount(negatives, minlength=4)
        assert counts[positive] == 0 and set(counts) == {0, 100}


def test_random_never_comes_round_to_the_positive():
    largest = np.asarray([[1 - 2.0**-24], [0.0]], "float32")
    for candidates in range(2, 40):
        distances = np.zeros((2, candidates), "float32")
        assert np.all(random_negatives(distances, np.asarray([1, 1]), largest) != 1)


@pytest.mark.parametrize("name", sorted(MINERS))
def test_a_replicas_rows_find_what_the_whole_batch_finds(name, rng):
    anchors, others = rng.normal(size=(2, 6, 5)).astype("float32")
    uniform = rng.uniform(size=(6, 1)).astype("float32")
    positives = np.arange(6)
    miner = tf.function(MINERS[name], jit_compile=True)
    whole = MINERS[name](euclidean_distances(anchors, others), positives, uniform)
    assert whole.dtype == tf.int32 and np.all(whole != positives)
    for rows in (slice(0, 2), slice(2, 4), slice(4, 6)):
        share = miner(euclidean_distances(anchors[rows], others), positives[rows].astype("int32"), uniform[rows])
        np.testing.assert_array_equal(share, whole[rows])
