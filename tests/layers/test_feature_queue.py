import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.layers.feature_queue import FeatureQueue


def numbered(start, count):
    """Rows in the plane, each told apart by its angle: row n stands at n / 10."""
    angles = np.arange(start, start + count) / 10
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("float32")


def test_starts_with_random_directions_that_follow_the_seed():
    queues = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        queues.append(np.asarray(FeatureQueue(6, 3).features))
    np.testing.assert_allclose(np.linalg.norm(queues[0], axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(queues[0], queues[1])
    assert np.abs(queues[0] - queues[2]).min() > 0


@pytest.mark.parametrize("how", ["eager", "graph", "xla"])
@pytest.mark.parametrize("batch", [1, 3, 4, 7])
def test_keeps_the_newest_for_any_batch_size(how, batch):
    queue = FeatureQueue(7, 2)
    enqueue = queue.enqueue if how == "eager" else tf.function(queue.enqueue, jit_compile=how == "xla")
    for start in range(0, 5 * batch, batch):
        enqueue(tf.constant(numbered(start, batch)))
        np.testing.assert_allclose(queue.fill(), min(1, (start + batch) / 7), rtol=1e-6)
        held = {tuple(row) for row in np.round(queue.features, 4).tolist()}
        newest = numbered(max(0, start + batch - 7), min(7, start + batch))
        assert {tuple(row) for row in np.round(newest, 4).tolist()} <= held
    assert int(queue.enqueued) == 5 * batch


def test_normalises_and_takes_any_float():
    queue = FeatureQueue(4, 2)
    queue.enqueue(tf.constant([[3.0, 4.0]], tf.float16))
    np.testing.assert_allclose(queue.features[0], [0.6, 0.8], rtol=1e-3)
    assert queue.features.dtype == "float32" and not queue.trainable_weights


def test_a_batch_of_unknown_size_that_does_not_fit_leaves_its_last_rows():
    queue = FeatureQueue(3, 2)
    enqueue = tf.function(queue.enqueue, input_signature=[tf.TensorSpec((None, 2))])
    enqueue(numbered(0, 5))
    np.testing.assert_allclose(queue.features, numbered(2, 3), atol=1e-6)


def test_finds_the_nearest(rng):
    queue = FeatureQueue(8, 3)
    queries = rng.normal(size=(5, 3)).astype("float32")
    similarities = queries @ np.asarray(queue.features).T
    np.testing.assert_array_equal(queue.nearest(queries), np.asarray(queue.features)[similarities.argmax(axis=1)])


def test_replicas_enqueue_the_global_batch_alike(two_replicas):
    with two_replicas.scope():
        queue = FeatureQueue(5, 2)

    @tf.function
    def step(rows):
        queue.enqueue(rows)
        return queue.fill()

    rows = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.constant(numbered(2 * context.replica_id_in_sync_group, 2))
    )
    for fill in two_replicas.experimental_local_results(two_replicas.run(step, (rows,))):
        np.testing.assert_allclose(fill, 0.8)
    copies = two_replicas.experimental_local_results(queue.features.value)
    np.testing.assert_allclose(copies[0][:4], numbered(0, 4), atol=1e-6)
    np.testing.assert_array_equal(copies[0], copies[1])


def test_saves_what_it_holds(tmp_path):
    class Owner(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.queue = FeatureQueue(6, 2)
            self.built = True

    owner, other = Owner(), Owner()
    owner.queue.enqueue(numbered(0, 4))
    owner.save_weights(tmp_path / "owner.weights.h5")
    other.load_weights(tmp_path / "owner.weights.h5")
    np.testing.assert_array_equal(other.queue.features, owner.queue.features)
    other.queue.enqueue(numbered(4, 3))
    np.testing.assert_allclose(other.queue.features, numbered(0, 7)[[6, 1, 2, 3, 4, 5]], atol=1e-6)
    config = keras.saving.serialize_keras_object(owner.queue)
    assert keras.saving.deserialize_keras_object(config).get_config() == owner.queue.get_config()


def test_says_what_it_cannot_hold():
    queue = FeatureQueue(4, 3)
    with pytest.raises(ValueError, match=r"4 features of 3.*Received: a batch of shape \(5, 3\)"):
        queue.enqueue(tf.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"4 features of 3.*Received: a batch of shape \(2, 2\)"):
        queue.enqueue(tf.zeros((2, 2)))
    with pytest.raises(ValueError, match="Received: size=0"):
        FeatureQueue(0, 3)
    with pytest.raises(ValueError, match="Received: dim=2.5"):
        FeatureQueue(4, 2.5)
