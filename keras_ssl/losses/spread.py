import tensorflow as tf

from keras_ssl.losses.root import root


def embedding_spread(z):
    """How far the embeddings of a batch are apart: 0 when they have collapsed to one direction.

    The standard deviation over the batch of each dimension of z / ‖z‖, averaged, times √dim. Chen and He 2020
    ("Exploring Simple Siamese Representation Learning", section 4.1) watch the same quantity: 1 / √dim for
    embeddings spread evenly over the sphere, so about 1 after the scaling here.

    Args:
        z: (batch, dim) float tensor.

    Returns:
        Scalar float32 in [0, 1]: the square of every row of z / ‖z‖ sums to 1, so no larger spread exists.
    """
    z = tf.math.l2_normalize(tf.cast(z, tf.float32), axis=-1)
    return tf.reduce_mean(root(tf.math.reduce_variance(z, axis=0))) * tf.sqrt(tf.cast(tf.shape(z)[1], tf.float32))
