import numpy as np
import pytest

from keras_ssl import losses


@pytest.mark.parametrize(
    "cross_entropy, whole",
    [(losses.softmax_cross_entropy, losses.nt_xent), (losses.decoupled_cross_entropy, losses.decoupled_nt_xent)],
    ids=["nt_xent", "decoupled"],
)
def test_is_the_loss_with_accuracy_and_spread(views, cross_entropy, whole):
    together = np.concatenate(views)
    loss, accuracy, spread = losses.contrasted_views(together, 0.2, cross_entropy)
    np.testing.assert_allclose(loss, whole(*views, 0.2), rtol=1e-6)
    np.testing.assert_allclose(accuracy, losses.contrastive_accuracy(*views), rtol=1e-6)
    np.testing.assert_allclose(spread, losses.embedding_spread(together), rtol=1e-6)
