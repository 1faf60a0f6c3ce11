import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import heads, losses


def small(encoder, **kwargs):
    head = heads.projection_head(8, 16, 12, output_batch_norm=False)
    return keras_ssl.BYOL(encoder, head, heads.prediction_head(12, 16), **kwargs)


def test_each_view_predicts_the_targets_other_view(encoder, views):
    model = small(encoder)
    loss, _ = model.forward(views, training=False)
    p_a, p_b = tf.split(model.predictor(model.projector(encoder(views))), 2)
    t_a, t_b = tf.split(model.target_projector(model.target_encoder(views)), 2)
    expected = (losses.negative_cosine(p_a, t_b) + losses.negative_cosine(p_b, t_a)) / 2
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_no_gradient_reaches_the_target_and_it_follows(encoder, rng):
    model = small(encoder, momentum=0.75)
    model.compile(keras.optimizers.SGD(0.1))
    before = [v.numpy() for v in model.target_encoder.weights]
    model.train_on_batch(rng.integers(0, 256, (6, 8, 8, 1), dtype="uint8"))
    learning = (encoder, model.projector, model.predictor)
    assert len(model.trainable_variables) == sum(len(network.trainable_weights) for network in learning)
    for was, source, target in zip(before, encoder.weights, model.target_encoder.weights, strict=True):
        if source.trainable:
            np.testing.assert_allclose(target, 0.75 * was + 0.25 * source.numpy(), atol=1e-6)


def test_the_momentum_follows_a_schedule_of_the_step(encoder):
    model = small(encoder, momentum=keras_ssl.optimizers.CosineMomentum(total_steps=10, initial=0.5))
    momenta = []
    for step in (0, 5, 10):
        model.step.assign(step)
        momenta.append(float(model.current_momentum()))
    np.testing.assert_allclose(momenta, [0.5, 0.75, 1.0], atol=1e-6)


def test_warns_without_batch_normalization():
    inputs = keras.Input((8, 8, 1))
    plain = keras.Model(inputs, keras.layers.Dense(8)(keras.layers.Flatten()(inputs)))
    heads = [keras.Sequential([keras.Input((8,)), keras.layers.Dense(8)]) for _ in range(2)]
    with pytest.warns(UserWarning, match="Without batch normalization in the encoder or a head, BYOL"):
        keras_ssl.BYOL(plain, *heads)


def test_says_what_does_not_fit(encoder):
    with pytest.raises(ValueError, match="momentum=1.5"):
        small(encoder, momentum=1.5)
    head = heads.projection_head(8, 16, 12)
    with pytest.raises(ValueError, match="predictor takes vectors of 4 and is given vectors of 12"):
        keras_ssl.BYOL(encoder, head, heads.prediction_head(4, 16))
    with pytest.raises(ValueError, match="predictor must give vectors of 12"):
        keras_ssl.BYOL(encoder, head, heads.prediction_head(12, 16, 6))
