"""Batches of too few images to be compared: left out with one warning, or an error where nothing is left."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import from_arrays
from keras_ssl.data.batches import with_length
from keras_ssl.data.enough_images import TooFewImages, with_enough_images


def dataset(count):
    return tf.data.Dataset.from_tensor_slices(np.zeros((count, 2, 2, 1), "uint8"))


def rows(batches):
    return [len(batch) for batch in batches]


@pytest.mark.parametrize(
    "make",
    [
        lambda: dataset(9).batch(4),
        lambda: dataset(9).cache().batch(4).map(tf.identity).prefetch(1),
        lambda: dataset(9).batch(4).cache(),
        lambda: from_arrays(np.zeros((9, 2, 2, 1), "uint8"), batch_size=4, shuffle=False),
    ],
    ids=["batched", "cached-and-mapped", "cached", "ours"],
)
def test_a_small_last_batch_that_is_seen_in_advance_is_left_out_and_the_length_is_known(make):
    with pytest.warns(UserWarning, match="single image. SimCLR .* least 2"):
        enough = with_enough_images(make(), 2, "SimCLR")
    assert len(enough) == 2 and rows(enough) == rows(enough) == [4, 4]


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda: dataset(9).batch(4).shuffle(2), [4, 4]),
        (lambda: dataset(9).batch(4).repeat(2), [4] * 4),
        (lambda: with_length(from_arrays(np.zeros((9, 2, 2, 1), "uint8"), batch_size=4, shuffle=False), 6), [4] * 4),
        (lambda: dataset(9).filter(lambda image: True).batch(4), [4, 4]),
    ],
    ids=["shuffled-batches", "repeated", "passes", "of-unknown-length"],
)
def test_others_are_looked_at_and_counted(make, expected):
    enough = with_enough_images(make(), 2, "SimCLR")
    assert rows(enough) == expected
    callback = TooFewImages(2, "SimCLR", training=enough)
    for batch in range(len(expected)):
        callback.on_train_batch_end(batch)
    with pytest.warns(UserWarning, match=rf"of the training's .* batches {len(expected) // 2} had fewer") as warned:
        callback.on_epoch_end(0)
        callback.on_epoch_end(1)
    assert len(warned) == 1


def test_batches_that_are_large_enough_are_left_alone():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = with_length(from_arrays(np.zeros((9, 2, 2, 1), "uint8"), batch_size=32), 3)
        for batches, minimum in (
            (dataset(9).batch(4), 1),
            (dataset(10).batch(4), 2),
            (dataset(8).batch(4), 4),
            (few, 9),
        ):
            assert with_enough_images(batches, minimum, "SimCLR") is batches


def test_nothing_left_is_an_error():
    for batches in (dataset(9).batch(4), dataset(3).batch(8)):
        with pytest.raises(ValueError, match="at least 8; use a larger batch_size. Received: batches of"):
            with_enough_images(batches, 8, "SimCLR")
    enough = with_enough_images(dataset(3).batch(1).shuffle(2), 2, "SimCLR")
    callback = TooFewImages(2, "SimCLR", held_out=enough)
    assert rows(enough) == []
    with pytest.raises(ValueError, match="Received: 3 batches, all of fewer"):
        callback.on_test_end()


class InBatches(keras.utils.PyDataset):
    """Images in batches of sixteen."""

    def __init__(self, images):
        super().__init__(workers=2)
        self.images = images

    def __len__(self):
        return -(-len(self.images) // 16)

    def __getitem__(self, index):
        return self.images[16 * index : 16 * (index + 1)], np.zeros(len(self.images[16 * index : 16 * (index + 1)]))


def test_a_small_batch_of_a_py_dataset_is_an_error():
    whole = with_enough_images(InBatches(np.zeros((18, 2, 2, 1))), 2, "DCL")
    assert len(whole[1][0]) == 2 and whole.num_batches == 2 and whole.workers == 2
    torn = with_enough_images(InBatches(np.zeros((17, 2, 2, 1))), 2, "DCL")
    with pytest.raises(ValueError, match="at least 2; use a larger batch_size. Received: a single image in batch 1"):
        torn[1]


@pytest.mark.parametrize("images, replicas, enough", [(7, 2, True), (4, 3, False), (1, 2, False), (3, 2, True)])
def test_each_replica_needs_an_image(images, replicas, enough):
    batches = dataset(images).batch(images)
    if enough:
        assert with_enough_images(batches, 1, "MAE", replicas) is batches
        return
    with pytest.raises(ValueError, match=f"MAE needs at least 1 on each of {replicas} replicas"):
        with_enough_images(batches, 1, "MAE", replicas)
