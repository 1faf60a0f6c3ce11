import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import augment, backbones, heads, losses


def small(encoder, **kwargs):
    head = heads.projection_head(8, 16, 12, output_batch_norm=False)
    return keras_ssl.SwAV(encoder, head, **{"prototypes": 5, "frozen_steps": 0, **kwargs})


def test_two_views_predict_each_others_clusters(encoder, views):
    model = small(encoder)
    loss, _ = model.forward((views, None), training=False)
    s_a, s_b = tf.split(model.prototypes(model.projector(encoder(views))), 2)
    expected = losses.swapped_prediction(s_a, losses.sinkhorn(s_b)) + losses.swapped_prediction(
        s_b, losses.sinkhorn(s_a)
    )
    np.testing.assert_allclose(loss, expected / 2, rtol=1e-4)


def test_small_crops_predict_and_are_not_assigned(encoder, crops, rng):
    model = small(encoder, augmenter=crops)
    large, small_crops = model.augment(tf.constant(rng.integers(0, 256, (6, 8, 8, 1)), tf.uint8))
    assert large.shape == (12, 8, 8, 1) and small_crops.shape == (12, 4, 4, 1)
    loss, _ = model.forward((large, small_crops), training=False)
    resized = backbones.at_size(encoder, (4, 4))
    scores = [
        *tf.split(model.prototypes(model.projector(encoder(large))), 2),
        *tf.split(model.prototypes(model.projector(resized(small_crops))), 2),
    ]
    pairs = [
        losses.swapped_prediction(scores[other], losses.sinkhorn(scores[view]))
        for view in (0, 1)
        for other in range(4)
        if other != view
    ]
    np.testing.assert_allclose(loss, np.mean(pairs), rtol=1e-4)


def test_prototypes_start_frozen_and_stay_at_length_1(encoder, rng):
    model = small(encoder, frozen_steps=2)
    model.compile(keras.optimizers.SGD(0.5, momentum=0.9))
    images = rng.integers(0, 256, (8, 8, 8, 1), dtype="uint8")
    start = model.prototypes.kernel.numpy()
    moved = []
    for _ in range(3):
        model.train_on_batch(images)
        moved.append(np.abs(model.prototypes.kernel.numpy() - start).max() > 1e-4)
        np.testing.assert_allclose(np.linalg.norm(model.prototypes.kernel, axis=0), 1, atol=1e-5)
    assert moved == [False, False, True]


def test_a_full_queue_shares_the_prototypes_out_too(encoder, views):
    model = small(encoder, queue_size=8)
    alone = model.forward((views, None), training=False)[0]
    np.testing.assert_allclose(alone, small_like(model, encoder).forward((views, None), False)[0], rtol=1e-5)
    for queue in model.queues:
        queue.enqueue(tf.random.normal((8, 12)))
    assert abs(float(model.forward((views, None), training=False)[0]) - float(alone)) > 1e-4


def small_like(model, encoder):
    """The same networks without a queue."""
    other = keras_ssl.SwAV(encoder, model.projector, prototypes=5)
    other.prototypes.kernel.assign(model.prototypes.kernel)
    return other


def test_says_what_does_not_fit(encoder):
    with pytest.raises(ValueError, match="at least 2. Received: units=1"):
        small(encoder, prototypes=1)
    with pytest.raises(ValueError, match="queue_size=-1"):
        small(encoder, queue_size=-1)
    crops = augment.MultiCrop(augment.grayscale(8), augment.grayscale(4))
    model = keras_ssl.SwAV(backbones.mlp((8, 8, 1), (8,)), augmenter=crops, prototypes=4)
    model.compile("adam")
    with pytest.raises(ValueError, match="cannot take images of another size"):
        model.fit(np.full((8, 8, 8, 1), 200, "uint8"), batch_size=8, verbose=0)
