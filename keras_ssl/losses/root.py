import tensorflow as tf


def root(squared):
    """The square root of a float tensor, at 0 and below 0 with a gradient of 0; of NaN it is NaN."""
    # The inner choice keeps the root's infinite slope at 0 out of the gradient, the outer one keeps the value.
    none = squared <= 0.0
    return tf.where(none, 0.0, tf.sqrt(tf.where(none, 1.0, squared)))
