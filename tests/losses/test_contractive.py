import numpy as np
import tensorflow as tf

from keras_ssl import backbones
from keras_ssl.losses import contractive_penalty


def test_of_a_linear_encoder_it_is_the_norm_of_its_matrix(rng):
    matrix = tf.constant(rng.normal(size=(9, 4)), tf.float32)

    def encode(images):
        return tf.matmul(tf.reshape(images, (-1, 9)) / 255, matrix)

    images = tf.constant(rng.uniform(0, 255, (20_000, 3, 3, 1)), tf.float32)
    directions = tf.constant(rng.normal(size=(20_000, 4)), tf.float32)
    penalty = contractive_penalty(encode, images, directions)
    np.testing.assert_allclose(penalty, np.square(matrix).sum() / 4, rtol=0.03)


def test_the_gradient_reaches_the_weights_through_batch_normalization(rng):
    encoder = backbones.conv_encoder((8, 8, 1), (4,), units=3)
    images = tf.constant(rng.uniform(0, 255, (6, 8, 8, 1)), tf.float32)
    directions = tf.constant(rng.normal(size=(6, 3)), tf.float32)

    def penalty():
        return contractive_penalty(lambda x: encoder(x, training=True), images, directions)

    kernel = encoder.get_layer("features").kernel
    with tf.GradientTape() as tape:
        loss = penalty()
    gradient = tape.gradient(loss, kernel.value)
    step = tf.constant(rng.normal(size=kernel.shape), tf.float32)
    start = tf.identity(kernel.value)
    kernel.assign(start + 1e-3 * step)
    above = penalty()
    kernel.assign(start - 1e-3 * step)
    slope = (above - penalty()) / 2e-3
    np.testing.assert_allclose(tf.reduce_sum(gradient * step), slope, rtol=0.02)
