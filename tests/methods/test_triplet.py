import numpy as np
import pytest
import tensorflow as tf

import keras_ssl


@pytest.mark.parametrize("negatives", ["random", "semi_hard", "hardest"])
def test_forward_is_the_hinge_of_distances_on_the_sphere(encoder, views, negatives):
    model = keras_ssl.Triplet(encoder, margin=0.7, negatives=negatives)
    loss, logs = model.forward(views, training=False)
    z = model.projector(encoder(views)).numpy()
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    distances = np.linalg.norm(z[:6, None] - z[None, 6:], axis=-1)
    hinges = np.maximum(0, np.diag(distances)[:, None] - distances + 0.7)
    others = hinges[~np.eye(6, dtype=bool)].reshape(6, 5)
    if negatives == "hardest":
        np.testing.assert_allclose(loss, others.max(axis=1).mean(), atol=1e-4)
    assert others.min(axis=1).mean() - 1e-4 <= float(loss) <= others.max(axis=1).mean() + 1e-4
    assert 0 <= logs["active_triplets"] <= 1


def test_random_negatives_are_drawn_anew_in_every_step(encoder, views):
    model = keras_ssl.Triplet(encoder, negatives="random")
    losses = set()
    for step in range(4):
        model.step.assign(step)
        losses.add(float(model.forward(tf.constant(views), training=True)[0]))
    assert len(losses) > 1


def test_says_what_does_not_fit(encoder):
    with pytest.raises(ValueError, match="one of 'random', 'semi_hard', 'hardest'. Received: negatives='easy'"):
        keras_ssl.Triplet(encoder, negatives="easy")
    with pytest.raises(ValueError, match="no two are farther apart than 2"):
        keras_ssl.Triplet(encoder, margin=2)
