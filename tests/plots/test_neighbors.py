import numpy as np
import pytest

from keras_ssl.plots import neighbors


def test_neighbors_come_nearest_first_with_their_similarity(drawn):
    """Images whose pixels are their numbers, and features at known angles."""
    angles = np.radians([90, 0, 60, 30])
    bank = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    bank_images = np.arange(4, dtype="float32")[:, None, None, None] * np.ones((8, 8, 1), "float32")
    figure = neighbors(np.full((1, 8, 8, 1), 9.0), bank_images, [[1.0, 0.0]], bank, k=3)
    cells = [axes for axes in figure.axes if axes.images]
    numbers = [round(float(axes.images[0].get_array()[0, 0]) * 255) for axes in cells]
    assert numbers == [9, 1, 3, 2]
    assert [axes.get_xlabel() for axes in cells[1:]] == ["1.00", "0.87", "0.50"]
    assert drawn(figure).std() > 0


def test_images_and_features_must_be_as_many(rng):
    images = rng.uniform(0, 255, (4, 8, 8, 3))
    with pytest.raises(ValueError, match="4 bank_images and 3 bank_features"):
        neighbors(images[:1], images, np.eye(1, 3), np.eye(3))
    with pytest.raises(ValueError, match="k=5"):
        neighbors(images[:1], images, np.eye(1, 4), np.eye(4), k=5)
