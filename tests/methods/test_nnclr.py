import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import heads, losses


def small(encoder, **kwargs):
    small_heads = heads.projection_head(8, 16, 12), heads.prediction_head(12, 16)
    return keras_ssl.NNCLR(encoder, *small_heads, **{"queue_size": 16, **kwargs})


def test_neighbors_find_the_other_views_predictions(encoder, views):
    model = small(encoder, temperature=0.2)
    loss, logs = model.forward(views, training=False)
    z = model.projector(encoder(views))
    p_a, p_b = tf.split(model.predictor(z), 2)
    n_a, n_b = tf.split(model.queue.nearest(z), 2)
    np.testing.assert_allclose(loss, (losses.nnclr(n_a, p_b, 0.2) + losses.nnclr(n_b, p_a, 0.2)) / 2, rtol=1e-5)
    cosines = np.sum(tf.math.l2_normalize(z, axis=1) * model.queue.nearest(z), axis=1)
    np.testing.assert_allclose(logs["neighbor_similarity"], cosines.mean(), atol=1e-5)


def test_the_first_views_join_the_queue(encoder, rng):
    model = small(encoder)
    model.compile(keras.optimizers.SGD(0.0))
    model.train_on_batch(rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8"))
    assert int(model.queue.enqueued) == 6


def test_says_what_does_not_fit(encoder, rng):
    model = small(encoder, queue_size=4)
    model.compile("adam")
    with pytest.raises(ValueError, match="holds 4 features"):
        model.fit(rng.integers(0, 256, (8, 8, 8, 1), dtype="uint8"), batch_size=8, verbose=0)
