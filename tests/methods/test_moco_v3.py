import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import backbones, heads, losses


def test_forward_finds_the_momentum_encoders_keys_within_the_batch(encoder, views):
    head, predictor = heads.projection_head(8, 16, 12), heads.projection_head(12, 16, 12)
    model = keras_ssl.MoCoV3(encoder, head, predictor, temperature=0.3)
    loss, _ = model.forward(views, training=False)
    q_a, q_b = tf.split(predictor(head(encoder(views))), 2)
    k_a, k_b = tf.split(model.target_projector(model.target_encoder(views)), 2)
    contrast = losses.info_nce(q_a, k_b, temperature=0.3) + losses.info_nce(q_b, k_a, temperature=0.3)
    np.testing.assert_allclose(loss, 2 * 0.3 * contrast, rtol=1e-5)


def test_trains_a_vision_transformer(rng):
    encoder = backbones.vit((8, 8, 1), 4, width=16, depth=1, heads=2)
    model = keras_ssl.MoCoV3(encoder, heads.projection_head(16, 16, 8), heads.projection_head(8, 16, 8))
    model.compile("adam")
    history = model.fit(rng.integers(0, 256, (16, 8, 8, 1), dtype="uint8"), batch_size=8, verbose=0).history
    assert np.isfinite(history["loss"][0])


def test_says_what_does_not_fit(encoder):
    with pytest.raises(ValueError, match="predictor must give vectors of 12"):
        keras_ssl.MoCoV3(encoder, heads.projection_head(8, 16, 12), heads.projection_head(12, 16, 4))
