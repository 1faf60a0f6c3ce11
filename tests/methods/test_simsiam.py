import keras
import numpy as np
import tensorflow as tf

import keras_ssl
from keras_ssl import heads, losses


def small(encoder):
    return keras_ssl.SimSiam(encoder, heads.projection_head(8, 16, 12), heads.prediction_head(12, 4))


def test_each_view_predicts_the_other_and_the_target_gets_no_gradient(encoder, views):
    model = small(encoder)
    loss, _ = model.forward(views, training=False)
    z = model.projector(encoder(views))
    (p_a, p_b), (z_a, z_b) = tf.split(model.predictor(z), 2), tf.split(z, 2)
    expected = (losses.negative_cosine(p_a, z_b) + losses.negative_cosine(p_b, z_a)) / 2
    np.testing.assert_allclose(loss, expected, rtol=1e-5)

    with tf.GradientTape() as tape:
        ours, _ = model.forward(views, training=False)
    with tf.GradientTape() as stopped:
        z = model.projector(encoder(views))
        (p_a, p_b), (z_a, z_b) = tf.split(model.predictor(z), 2), tf.split(tf.stop_gradient(z), 2)
        theirs = (losses.negative_cosine(p_a, z_b) + losses.negative_cosine(p_b, z_a)) / 2
    kernel = encoder.trainable_weights[0].value
    np.testing.assert_allclose(tape.gradient(ours, kernel), stopped.gradient(theirs, kernel), atol=1e-6)


def test_the_predictors_rate_can_stay_while_the_others_decays(encoder, rng):
    model = small(encoder)
    still, moving = keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.1)
    by_path = keras.optimizers.OptimizerMap(still, {".*prediction_.*": moving})
    model.compile(keras.optimizers.MultiOptimizer(by_path))
    before = [v.numpy() for v in [*encoder.trainable_weights, *model.predictor.trainable_weights]]
    model.train_on_batch(rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8"))
    after = [v.numpy() for v in [*encoder.trainable_weights, *model.predictor.trainable_weights]]
    moved = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert not any(moved[: len(encoder.trainable_weights)])
    assert any(moved[len(encoder.trainable_weights) :])


def test_the_predictor_narrows_to_a_quarter_by_default(encoder):
    model = keras_ssl.SimSiam(encoder)
    assert model.projector.output_shape == (None, 2048)
    assert model.predictor.get_layer("prediction_hidden1_dense").units == 512


def test_two_rates_survive_saving(encoder, rng, tmp_path):
    images = rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8")
    rates = {".*prediction_.*": keras.optimizers.SGD(0.2, momentum=0.9)}
    model = small(encoder)
    model.compile(keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1), rates)))
    model.train_on_batch(images)
    model.save(tmp_path / "half.keras")
    loaded = keras.saving.load_model(tmp_path / "half.keras")
    for trained in (model, loaded):
        trained.train_on_batch(images)
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
