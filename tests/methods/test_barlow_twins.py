import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import heads, losses


def head(outputs=16):
    return heads.projection_head(8, 16, outputs, layers=3, output_batch_norm=False)


def test_forward_is_the_loss_of_projected_views(encoder, views):
    model = keras_ssl.BarlowTwins(encoder, head(), redundancy_weight=0.1)
    loss, _ = model.forward(views, training=False)
    z_a, z_b = tf.split(model.projector(encoder(views)), 2)
    np.testing.assert_allclose(loss, losses.barlow_twins(z_a, z_b, 0.1), rtol=1e-5)


def test_defaults_are_the_papers(encoder):
    model = keras_ssl.BarlowTwins(encoder)
    dense = [layer for layer in model.projector.layers if "dense" in layer.name]
    assert [layer.units for layer in dense] == [8192, 8192, 8192]
    assert model.redundancy_weight == 5e-3


def test_says_what_does_not_fit(encoder):
    with pytest.raises(ValueError, match="redundancy_weight=0"):
        keras_ssl.BarlowTwins(encoder, head(), redundancy_weight=0)
    with pytest.raises(ValueError, match="projector takes vectors of 4 and is given vectors of 8"):
        keras_ssl.BarlowTwins(encoder, heads.projection_head(4, 8, 8))
