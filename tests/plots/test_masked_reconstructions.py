import numpy as np
import pytest

from keras_ssl.plots import masked_reconstructions


class Method:
    """Hides the top rows, as many as the seed says, and predicts 100 there."""

    def mask_images(self, images, seed):
        return self.fill(images, seed, 127.5)

    def reconstruct(self, images, seed):
        return self.fill(images, seed, 100)

    def fill(self, images, seed, value):
        filled = images.astype("float32")
        filled[:, :seed] = value
        return filled


def test_each_row_has_the_masked_image_the_prediction_and_the_image(rng, drawn):
    images = rng.integers(0, 256, (3, 8, 8, 1), "uint8")
    figure = masked_reconstructions(Method(), images, seed=4)
    cells = [np.asarray(axes.images[0].get_array()) for axes in figure.axes]
    for row in range(3):
        masked, prediction, image = cells[3 * row : 3 * row + 3]
        np.testing.assert_allclose(image, images[row, :, :, 0] / 255, rtol=1e-6)
        np.testing.assert_allclose(masked[:4], 0.5)
        np.testing.assert_allclose(prediction[:4], 100 / 255)
        np.testing.assert_array_equal(masked[4:], image[4:])
        np.testing.assert_array_equal(prediction[4:], image[4:])
    assert [axes.get_title() for axes in figure.axes[:3]] == ["masked", "prediction", "image"]
    assert drawn(figure).std() > 0


def test_what_is_no_batch_of_images_is_refused():
    with pytest.raises(ValueError, match="images of shape"):
        masked_reconstructions(Method(), np.zeros((8, 8, 1)))
