import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import backbones, heads, losses


def small(encoder, **kwargs):
    head = heads.distillation_head(encoder.output_shape[-1], 16, 12)
    return keras_ssl.DINO(encoder, head, **{"prototypes": 9, "frozen_steps": 0, **kwargs})


def test_every_view_of_the_student_follows_every_other_view_of_the_teacher(encoder, crops, rng):
    model = small(encoder, augmenter=crops)
    model.center.assign(rng.normal(size=9))
    large, small_crops = model.augment(tf.constant(rng.integers(0, 256, (6, 8, 8, 1)), tf.uint8))
    loss, _ = model.forward((large, small_crops), training=False)
    teacher = tf.split(model.target_last_layer(model.target_projector(model.target_encoder(large))), 2)
    resized = backbones.at_size(encoder, (4, 4))
    student = [
        *tf.split(model.last_layer(model.projector(encoder(large))), 2),
        *tf.split(model.last_layer(model.projector(resized(small_crops))), 2),
    ]
    pairs = [
        losses.dino(student[view], teacher[place], model.center)
        for place in (0, 1)
        for view in range(4)
        if view != place
    ]
    np.testing.assert_allclose(loss, np.mean(pairs), rtol=1e-4)


def test_the_center_moves_towards_the_mean_of_the_teachers_logits(encoder, rng):
    model = small(encoder)
    taught = [tf.constant(rng.normal(size=(6, 9)), tf.float32) for _ in range(2)]
    model.update_center(taught)
    np.testing.assert_allclose(model.center, 0.1 * np.mean(taught, axis=(0, 1)), atol=1e-6)


def test_the_last_layer_stands_still_at_first_and_the_teachers_follows(encoder, rng):
    model = small(encoder, frozen_steps=2, momentum=0.5)
    model.compile(keras.optimizers.SGD(0.5))
    images = rng.integers(0, 256, (8, 8, 8, 1), dtype="uint8")
    start = model.last_layer.kernel.numpy()
    for moves in (False, False, True):
        model.train_on_batch(images)
        assert (np.abs(model.last_layer.kernel.numpy() - start).max() > 0) == moves
    expected = 0.5 * start + 0.5 * model.last_layer.kernel.numpy()
    np.testing.assert_allclose(model.target_last_layer.kernel, expected, atol=1e-6)


def test_the_teachers_temperature_warms_up(encoder):
    model = small(encoder, teacher_temperature=0.07, warmup_temperature=0.03, warmup_steps=10)
    temperatures = []
    for step in (0, 5, 10, 20):
        model.step.assign(step)
        temperatures.append(float(model.current_teacher_temperature()))
    np.testing.assert_allclose(temperatures, [0.03, 0.05, 0.07, 0.07], atol=1e-6)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_trains_a_vision_transformer_on_crops_of_two_sizes(crops, rng, pooling):
    model = small(backbones.vit((8, 8, 1), 2, width=16, depth=1, heads=2, pooling=pooling), augmenter=crops)
    model.compile("adam")
    history = model.fit(rng.integers(0, 256, (16, 8, 8, 1), dtype="uint8"), batch_size=8, verbose=0).history
    assert np.isfinite(history["loss"][0])


def test_says_what_does_not_fit(encoder):
    with pytest.raises(ValueError, match="prototypes=1"):
        small(encoder, prototypes=1)
    with pytest.raises(ValueError, match="teacher_temperature=0"):
        small(encoder, teacher_temperature=0)
    with pytest.raises(ValueError, match="warmup_steps=-1"):
        small(encoder, warmup_steps=-1)
