import numpy as np
import tensorflow as tf

from keras_ssl.losses.root import root


def test_it_has_a_slope_everywhere_and_hides_no_nan():
    squared = tf.constant([4.0, 0.0, -1e-9, np.nan])
    with tf.GradientTape() as tape:
        tape.watch(squared)
        roots = root(squared)
    np.testing.assert_array_equal(roots, [2.0, 0.0, 0.0, np.nan])
    np.testing.assert_array_equal(tape.gradient(roots, squared), [0.25, 0.0, 0.0, np.nan])
