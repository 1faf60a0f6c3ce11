"""What the verbs of a step know of the step that runs."""

import keras
import pytest
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.methods.step import StepOfThread


def test_a_step_that_asks_for_no_images_counts_as_one_on_one_device():
    step = StepOfThread(keras.Sequential())
    assert step.share == distribute.Share(0, 1, 1)
    step.begin(distribute.Share(0, 8, 8), finite=tf.constant(False))
    assert step.share.all_rows == 8
    assert step.end() == [] and step.share.all_rows == 1 and step.finite is True


def test_on_replicas_it_must_ask(two_replicas):
    step = StepOfThread(keras.Sequential())
    with pytest.raises(ValueError, match=r"must take its images from self.images\(data\)"):
        two_replicas.run(lambda: step.share.weight)
