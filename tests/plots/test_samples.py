import numpy as np
import pytest

from keras_ssl.plots import samples


def shown(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def test_every_image_is_drawn_in_its_place(rng, drawn):
    images = rng.uniform(0, 255, (7, 8, 6, 3))
    figure = samples(images, columns=3)
    assert len(figure.axes) == 9
    for cell, image in zip(shown(figure), images, strict=True):
        np.testing.assert_allclose(cell, image / 255, rtol=1e-6)
    assert not any(axes.axison for axes in figure.axes[7:])
    assert drawn(figure).std() > 0


@pytest.mark.parametrize(("n", "grid"), [(1, (1, 1)), (5, (2, 3)), (16, (4, 4))])
def test_there_are_about_as_many_rows_as_columns(n, grid):
    figure = samples(np.zeros((n, 4, 4, 1)))
    assert figure.axes[0].get_gridspec().get_geometry() == grid


def test_says_what_it_cannot_draw():
    with pytest.raises(ValueError, match="Received: images of shape"):
        samples(np.zeros((0, 8, 8, 1)))
    with pytest.raises(ValueError, match="columns=0"):
        samples(np.zeros((2, 8, 8, 1)), columns=0)
