import numpy as np
import pytest
import tensorflow as tf

import keras_ssl
from keras_ssl import heads, losses


def test_forward_is_the_loss_and_logs_its_terms_apart(encoder, views):
    head = heads.projection_head(8, 16, 16, layers=3, output_batch_norm=False)
    model = keras_ssl.VICReg(encoder, head, invariance_weight=2.0, variance_weight=3.0, covariance_weight=4.0)
    loss, logs = model.forward(views, training=False)
    z_a, z_b = tf.split(model.projector(encoder(views)), 2)
    np.testing.assert_allclose(loss, losses.vicreg(z_a, z_b, 2.0, 3.0, 4.0), rtol=1e-5)
    np.testing.assert_allclose(
        [logs[name] for name in ("invariance", "variance", "covariance")], losses.vicreg_terms(z_a, z_b), rtol=1e-5
    )


@pytest.mark.parametrize("name", ["invariance_weight", "variance_weight", "covariance_weight"])
def test_weights_are_positive(encoder, name):
    with pytest.raises(ValueError, match=f"{name}=-1"):
        keras_ssl.VICReg(encoder, heads.projection_head(8, 16, 16), **{name: -1})
