import numpy as np
import pytest


@pytest.fixture
def images(rng):
    """Eight small photographs: smooth colors with noise, raw pixels."""
    smooth = np.kron(rng.uniform(0, 255, (8, 3, 4, 3)), np.ones((1, 5, 5, 1)))
    return np.clip(smooth + rng.normal(0, 20, smooth.shape), 0, 255).astype("uint8")
