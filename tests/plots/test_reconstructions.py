import numpy as np
import pytest

from keras_ssl.plots import reconstructions


def test_images_stand_above_what_became_of_them(rng, drawn):
    images, first, second = rng.integers(0, 256, (3, 4, 8, 8, 1)).astype("uint8")
    figure = reconstructions(images, {"AE": first, "VAE": second})
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes]
    for cells, batch in zip(np.reshape(shown, (3, 4, 8, 8)), (images, first, second), strict=True):
        np.testing.assert_allclose(cells, batch[..., 0] / 255, rtol=1e-6)
    assert [figure.axes[i].get_ylabel() for i in (0, 4, 8)] == ["image", "AE", "VAE"]
    assert drawn(figure).std() > 0


def test_shapes_that_differ_are_an_error(rng):
    with pytest.raises(ValueError, match="3, 8, 8, 1.*rebuilt of shape .3, 8, 8, 3"):
        reconstructions(np.zeros((3, 8, 8, 1)), np.zeros((3, 8, 8, 3)))
