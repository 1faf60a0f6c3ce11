import numpy as np
import pytest

from keras_ssl.plots import latent_walk


class Decoder:
    """Draws each latent as the gray image of its first number, and remembers the latents."""

    def __call__(self, latents):
        self.latents = latents
        return np.ones((len(latents), 2, 2, 1)) * latents[:, :1, None, None]


@pytest.fixture
def walked():
    def walk(start, end, **kwargs):
        decoder = Decoder()
        figure = latent_walk(decoder, start, end, **kwargs)
        start = np.atleast_2d(start)
        return decoder.latents.reshape(len(start), -1, start.shape[1]), figure

    return walk


@pytest.mark.parametrize("path", ["spherical", "linear"])
def test_each_row_goes_from_its_start_to_its_end(path, walked, rng):
    start, end = rng.normal(size=(2, 3, 10))
    latents, _ = walked(start, end, steps=5, path=path)
    assert latents.shape == (3, 5, 10) and latents.dtype == np.float32
    np.testing.assert_allclose(latents[:, 0], start, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(latents[:, -1], end, rtol=1e-4, atol=1e-5)


def test_images_stand_in_the_order_of_the_walk(walked, drawn):
    _, figure = walked([[0.0], [50.0]], [[200.0], [250.0]], steps=3, path="linear")
    cells = [float(np.asarray(axes.images[0].get_array())[0, 0]) * 255 for axes in figure.axes]
    np.testing.assert_allclose(cells, [0, 100, 200, 50, 150, 250], atol=1e-3)
    assert drawn(figure).std() > 0


def test_the_arc_turns_evenly_and_keeps_the_length(walked):
    latents, _ = walked([[3.0, 0.0]], [[0.0, 3.0]], steps=4)
    angles = np.linspace(0, np.pi / 2, 4)
    np.testing.assert_allclose(latents[0], 3 * np.stack([np.cos(angles), np.sin(angles)], axis=1), atol=1e-5)


@pytest.mark.parametrize("end", [[2.0, 0.0], [4.0, 0.0], [-2.0, 0.0]])
def test_where_there_is_no_arc_the_walk_is_straight(end, walked):
    latents, _ = walked([[2.0, 0.0]], [end], steps=3)
    np.testing.assert_allclose(latents[0, 1], (np.array([2.0, 0.0]) + end) / 2, atol=1e-5)


@pytest.mark.parametrize(
    ("start", "end", "arguments", "message"),
    [
        (np.zeros((2, 3)), np.zeros((2, 4)), {}, r"start of shape \(2, 3\) and end of shape \(2, 4\)"),
        (np.zeros(3), np.zeros(3), {}, r"start of shape \(3,\)"),
        (np.zeros((0, 3)), np.zeros((0, 3)), {}, r"start of shape \(0, 3\)"),
        (np.zeros((2, 3)), np.zeros((2, 3)), {"steps": 1}, "steps=1"),
        (np.zeros((2, 3)), np.zeros((2, 3)), {"path": "round"}, "path='round'"),
    ],
)
def test_says_what_is_no_walk(start, end, arguments, message):
    with pytest.raises(ValueError, match=message):
        latent_walk(Decoder(), start, end, **arguments)
