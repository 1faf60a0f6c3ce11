import numpy as np
import pytest
from sklearn import datasets

from keras_ssl.data.digits import load_digits


def test_the_splits_are_disjoint_stratified_and_complete():
    (train, train_labels), (test, test_labels) = load_digits("train"), load_digits("test")
    assert train.shape == (1437, 8, 8, 1)
    assert test.shape == (360, 8, 8, 1)
    share = np.bincount(test_labels) / np.bincount(np.concatenate([train_labels, test_labels]))
    np.testing.assert_allclose(share, 360 / 1797, atol=0.01)
    original = np.round(datasets.load_digits().images * 255 / 16).astype(int).reshape(1797, 64)
    together = np.concatenate([train, test]).reshape(1797, 64)
    np.testing.assert_array_equal(
        np.sort(together.view("S64"), axis=0), np.sort(original.astype("uint8").view("S64"), axis=0)
    )


def test_the_split_is_fixed():
    assert load_digits("test")[1][:12].tolist() == [1, 4, 8, 6, 5, 9, 9, 1, 3, 2, 2, 2]


def test_all_levels_are_used():
    images, _ = load_digits("train")
    assert images.dtype == np.uint8
    assert images.min() == 0
    assert images.max() == 255
    assert len(np.unique(images)) == 17


def test_slices_and_sums():
    train, test = load_digits("train")[1], load_digits("test")[1]
    np.testing.assert_array_equal(load_digits("train[:10%]+test")[1], np.concatenate([train[:144], test]))


def test_an_unknown_split():
    with pytest.raises(ValueError, match="split='valid'"):
        load_digits("valid")
