import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import losses


def test_forward_is_the_decoupled_loss_of_projected_views(encoder, views):
    model = keras_ssl.DCL(encoder, temperature=0.2)
    loss, logs = model.forward(views, training=False)
    z_a, z_b = tf.split(model.projector(encoder(views)), 2)
    np.testing.assert_allclose(loss, losses.decoupled_nt_xent(z_a, z_b, 0.2), rtol=1e-5)
    np.testing.assert_allclose(logs["contrastive_accuracy"], losses.contrastive_accuracy(z_a, z_b), rtol=1e-5)


def test_the_temperature_is_the_papers_and_positive(encoder):
    assert keras_ssl.DCL(encoder).temperature == 0.1
    with pytest.raises(ValueError, match="temperature=0"):
        keras_ssl.DCL(encoder, temperature=0)
