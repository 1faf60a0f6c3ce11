import numpy as np
import pytest

from keras_ssl.plots import questions


class Mirror:
    """Asks which of two images is the mirrored one, in a frame."""

    @staticmethod
    def questions(images):
        return {"as it is": images, "mirrored": np.pad(images[:, :, ::-1], ((0, 0), (1, 1), (1, 1), (0, 0)))}


def test_each_row_has_the_image_and_what_is_asked_about_it(rng, drawn):
    images = rng.integers(0, 256, (3, 8, 8, 1), "uint8")
    figure = questions(Mirror(), images)
    cells = [np.asarray(axes.images[0].get_array()) for axes in figure.axes]
    for row, image in enumerate(images[..., 0] / 255):
        for cell, expected in zip(cells[3 * row :], (image, image, np.pad(image[:, ::-1], 1)), strict=False):
            np.testing.assert_allclose(cell, expected, rtol=1e-6)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["image", "as it is", "mirrored"]
    assert drawn(figure).std() > 0


def test_what_is_no_batch_of_images_is_refused():
    with pytest.raises(ValueError, match="images of shape"):
        questions(Mirror(), np.zeros((8, 8, 1)))
