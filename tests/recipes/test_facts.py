import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import data
from keras_ssl.recipes.facts import Facts, facts_of

IMAGES = np.zeros((20, 6, 8, 3), "uint8")


def test_an_array_has_its_number_and_size():
    facts = facts_of(IMAGES)
    assert (facts.images, facts.image_size, facts.channels, facts.batch_size) == (20, (6, 8), 3, None)
    assert facts.cores >= 1 and not facts.accelerator and "CPU core" in facts.device
    assert facts_of(facts) is facts


@pytest.mark.parametrize("labels", [None, np.zeros(20, "int32")])
def test_a_data_set_brings_its_batch_size(labels):
    facts = facts_of(data.from_arrays(IMAGES, labels, batch_size=5))
    assert (facts.images, facts.image_size, facts.batch_size) == (20, (6, 8), 5)


def test_a_data_set_that_does_not_know_its_batch_size_is_asked():
    assert facts_of(tf.data.Dataset.from_tensor_slices(IMAGES).batch(5)).batch_size == 5


@pytest.mark.parametrize(
    "images, words",
    [
        (IMAGES[0], "shape (6, 8, 3)"),
        (tf.data.Dataset.from_tensor_slices(IMAGES), "batches of images of one known size"),
        (tf.data.Dataset.from_tensor_slices(IMAGES).batch(5).repeat(), "does not know its length"),
    ],
)
def test_what_is_no_batch_of_images_is_refused(images, words):
    with pytest.raises(ValueError) as error:
        facts_of(images)
    assert words in str(error.value)


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="images=0"):
        Facts(0, (8, 8))
