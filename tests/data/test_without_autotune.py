import keras
import numpy as np
import tensorflow as tf

from keras_ssl.data.without_autotune import without_autotune


def test_turns_the_tuner_off_and_keeps_all_else():
    dataset = tf.data.Dataset.from_tensor_slices(np.zeros((6, 4, 4, 1), "uint8")).batch(2)
    dataset.epoch = tf.Variable(0)
    dataset.class_names = ["a", "b"]
    untuned = without_autotune(dataset)
    assert untuned.options().autotune.enabled is False
    assert untuned.cardinality() == 3
    assert untuned.epoch is dataset.epoch
    assert untuned.class_names == ["a", "b"]


def test_leaves_alone_what_says_itself_or_is_no_data_set():
    options = tf.data.Options()
    options.autotune.enabled = True
    dataset = tf.data.Dataset.range(3).with_options(options)
    assert without_autotune(dataset) is dataset
    sequence = keras.utils.PyDataset()
    assert without_autotune(sequence) is sequence
