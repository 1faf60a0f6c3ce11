import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import heads, losses


def small(encoder, **kwargs):
    head = heads.projection_head(8, 16, 12, output_batch_norm=False)
    return keras_ssl.MoCo(encoder, head, **{"queue_size": 16, "key_batches": 2, **kwargs})


def test_queries_find_their_keys_among_the_queue(encoder, views):
    model = small(encoder, temperature=0.3)
    loss, logs = model.forward(views, training=False)
    queries = model.projector(encoder(views[:6]))
    keys = model.target_projector(model.target_encoder(views[6:]))
    np.testing.assert_allclose(loss, losses.info_nce(queries, keys, model.queue.features, 0.3), rtol=1e-5)
    assert 0 <= logs["contrastive_accuracy"] <= 1 and logs["queue_fill"] == 0


def test_symmetric_is_the_mean_of_both_ways_round(encoder, views):
    model = small(encoder, symmetric=True)
    swapped = np.concatenate([views[6:], views[:6]])
    one_way = small(encoder)
    one_way.set_weights(model.get_weights())
    expected = (one_way.forward(views, False)[0] + one_way.forward(swapped, False)[0]) / 2
    np.testing.assert_allclose(model.forward(views, training=False)[0], expected, rtol=1e-5)


@pytest.mark.parametrize("symmetric", [False, True])
def test_the_queue_holds_the_newest_keys_and_wraps(encoder, rng, symmetric):
    model = small(encoder, symmetric=symmetric)
    model.compile(keras.optimizers.SGD(0.1))
    images = rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8")
    for _ in range(3):
        keys = model.keys(model.augment(tf.constant(images)), training=True)
        model.train_on_batch(images)
    assert int(model.queue.enqueued) == (36 if symmetric else 18)
    newest = int(model.queue.enqueued) - 1
    last = tf.math.l2_normalize(keys, axis=-1)[-1]
    # The statistics of a second pass through the momentum encoder are those of the same batch.
    np.testing.assert_allclose(model.queue.features[newest % 16], last, atol=1e-4)


def test_keys_are_normalised_in_shuffled_parts_and_keep_their_places(encoder, views):
    model = small(encoder, key_batches=3)
    whole = model.target_projector(model.target_encoder(views[6:], training=True), training=True)
    parts = model.keys(views, training=True)
    assert np.abs(parts - whole).max() > 1e-3
    # With statistics that do not depend on the batch, the shuffle leaves no trace.
    np.testing.assert_allclose(
        model.keys(views, training=False), model.target_projector(model.target_encoder(views[6:])), atol=1e-5
    )


def test_any_batch_size_splits(encoder, rng):
    model = small(encoder, key_batches=3)
    assert model.keys(tf.constant(rng.uniform(0, 255, (14, 8, 8, 1)), tf.float32), training=True).shape[0] == 7


def test_says_what_does_not_fit(encoder, rng):
    images = rng.integers(0, 256, (24, 8, 8, 1), dtype="uint8")
    model = small(encoder)
    model.compile("adam")
    with pytest.raises(ValueError, match="holds 16 features of 12 dimensions: make it larger, or the batch smaller"):
        model.fit(images, batch_size=24, verbose=0)
    with pytest.raises(ValueError, match="a batch needs at least 4"):
        model.fit(images, batch_size=3, verbose=0)
    assert np.isfinite(model.fit(images, batch_size=8, verbose=0).history["loss"][0])
    with pytest.raises(ValueError, match="momentum=-0.1"):
        small(encoder, momentum=-0.1)
    with pytest.raises(ValueError, match="key_batches"):
        small(encoder, key_batches=0)
