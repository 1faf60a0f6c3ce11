import numpy as np
import pytest

from keras_ssl.losses import barlow_twins


def reference(z_a, z_b, redundancy_weight=5e-3):
    """Equations 1 and 2 of the paper, entry by entry of the cross-correlation."""
    n, d = z_a.shape
    z_a, z_b = ((z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5) for z in (z_a, z_b))
    loss = 0
    for i in range(d):
        for j in range(d):
            correlation = sum(z_a[b, i] * z_b[b, j] for b in range(n)) / n
            loss += (1 - correlation) ** 2 if i == j else redundancy_weight * correlation**2
    return loss


@pytest.mark.parametrize("weight", [5e-3, 1.0])
def test_equals_the_equation_and_its_gradient(views, assert_same_gradients, weight):
    assert_same_gradients(lambda a, b: barlow_twins(a, b, weight), lambda a, b: reference(a, b, weight), views)


def test_more_dimensions_than_images(rng, assert_same_gradients, assert_any_float, assert_replicas_add_up):
    wide = rng.normal(size=(2, 6, 9)).astype("float32")
    assert_same_gradients(barlow_twins, reference, wide)
    assert_any_float(barlow_twins, wide)
    assert_replicas_add_up(barlow_twins, wide)


def test_closed_forms(rng):
    square = np.asarray([[1, 1], [1, -1], [-1, 1], [-1, -1]], "float32")  # two uncorrelated dimensions
    np.testing.assert_allclose(barlow_twins(square, square), 0, atol=1e-9)
    np.testing.assert_allclose(barlow_twins(square, -square), 2 * 2**2, rtol=1e-4)
    np.testing.assert_allclose(barlow_twins(square, square[:, ::-1], 0.5), 2 + 0.5 * 2, rtol=1e-4)
    assert barlow_twins(np.ones((4, 3)), np.ones((4, 3))) == 3  # constants correlate with nothing


def test_scale_and_shift_of_a_dimension_do_not_matter(views, rng):
    scale, shift = rng.uniform(10, 20, size=5), rng.normal(size=5)
    np.testing.assert_allclose(barlow_twins(views[0] * scale + shift, views[1]), barlow_twins(*views), rtol=1e-4)


def test_any_float_and_replicas(views, assert_any_float, assert_replicas_add_up):
    assert_any_float(barlow_twins, views)
    assert_replicas_add_up(barlow_twins, views)
