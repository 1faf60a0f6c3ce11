import tensorflow as tf

from keras_ssl.checks.first_batch import FirstBatchCheck, LastBatch


def test_the_numbers_of_the_last_batch_are_kept():
    last = LastBatch(2)
    assert last.read() == [0, 0]
    record = tf.function(last.record)
    record(tf.constant(3), tf.constant(0.5))
    record(tf.constant(4), tf.constant(0.25))
    assert last.read() == [4, 0.25]


def test_the_first_batch_of_a_fit_and_of_each_evaluation_is_checked():
    calls = []
    callback = FirstBatchCheck(lambda: calls.append("checked"))
    for batch in range(3):
        callback.on_train_batch_end(batch)
    assert len(calls) == 1
    callback.on_test_begin()
    for batch in range(3):
        callback.on_test_batch_end(batch)
    assert len(calls) == 2
