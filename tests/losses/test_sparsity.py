import numpy as np
import pytest
import tensorflow as tf

from keras_ssl import distribute
from keras_ssl.losses import kl_sparsity, l1_sparsity


def test_l1_is_the_mean_absolute_value(rng):
    code = rng.normal(size=(6, 4))
    np.testing.assert_allclose(l1_sparsity(code), np.abs(code).mean(), rtol=1e-5)


def test_kl_is_the_formula_of_the_notes(rng):
    code, rho = rng.normal(size=(6, 4)), 0.1
    active = (1 / (1 + np.exp(-code))).mean(axis=0)
    expected = np.mean(rho * np.log(rho / active) + (1 - rho) * np.log((1 - rho) / (1 - active)))
    np.testing.assert_allclose(kl_sparsity(code, rho), expected, rtol=1e-5)


def test_kl_is_least_at_the_target_and_finite_at_the_ends():
    logit = np.log(0.05 / 0.95)
    assert float(kl_sparsity(tf.fill((4, 3), logit), 0.05)) == pytest.approx(0, abs=1e-6)
    assert float(kl_sparsity(tf.fill((4, 3), logit + 1), 0.05)) > 0.01
    assert np.isfinite(kl_sparsity(tf.fill((4, 3), 1e4))) and np.isfinite(kl_sparsity(tf.fill((4, 3), -1e4)))


def test_replicas_share_the_means_of_the_global_batch(rng, two_replicas):
    code = tf.constant(rng.normal(size=(8, 3)), tf.float32)

    @tf.function
    def run():
        def local():
            rows = tf.split(code, 2)
            mine = tf.stack(rows)[distribute.replica_id()]
            return kl_sparsity(mine)

        return two_replicas.experimental_local_results(two_replicas.run(local))

    for value in run():
        np.testing.assert_allclose(value, kl_sparsity(code), rtol=1e-5)
