import numpy as np
import pytest

import keras_ssl


def test_forward_pulls_pairs_together_and_pushes_others_apart(encoder, views):
    model = keras_ssl.PairwiseContrastive(encoder, margin=0.9)
    loss, logs = model.forward(views, training=False)
    z = model.projector(encoder(views)).numpy()
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    distances = np.linalg.norm(z[:6, None] - z[None, 6:], axis=-1)
    pull = np.mean(np.diag(distances) ** 2)
    push = np.maximum(0, 0.9 - distances) ** 2
    others = push[~np.eye(6, dtype=bool)].reshape(6, 5)
    # Six pairs of either kind, half of each squared distance (equation 4).
    assert (pull + others.min(axis=1).mean()) / 4 - 1e-4 <= float(loss)
    assert float(loss) <= (pull + others.max(axis=1).mean()) / 4 + 1e-4
    np.testing.assert_allclose(logs["positive_distance"], np.diag(distances).mean(), atol=1e-3)


def test_the_hardest_pair_is_the_nearest(encoder, views):
    model = keras_ssl.PairwiseContrastive(encoder, margin=0.9, negatives="hardest")
    loss, _ = model.forward(views, training=False)
    z = model.projector(encoder(views)).numpy()
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    distances = np.linalg.norm(z[:6, None] - z[None, 6:], axis=-1)
    nearest = np.where(np.eye(6, dtype=bool), np.inf, distances).min(axis=1)
    expected = (np.mean(np.diag(distances) ** 2) + np.mean(np.maximum(0, 0.9 - nearest) ** 2)) / 4
    np.testing.assert_allclose(loss, expected, rtol=1e-3)


def test_negatives_have_names(encoder):
    with pytest.raises(ValueError, match="'semi_hard'.*negatives='nearest'"):
        keras_ssl.PairwiseContrastive(encoder, negatives="nearest")


@pytest.mark.parametrize("margin", [0, 2])
def test_the_margin_is_between_0_and_the_spheres_diameter(encoder, margin):
    with pytest.raises(ValueError, match=f"margin={margin}"):
        keras_ssl.PairwiseContrastive(encoder, margin=margin)
