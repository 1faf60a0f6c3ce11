from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from keras_ssl.checks.images import check_image_array
from keras_ssl.plots.image_grid import grid_of_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def questions(method: Any, images: npt.ArrayLike) -> "Figure":
    """Images beside the pretext task that a method makes of them, such as rotations or shuffled tiles.

    Look at them before training: a task that you cannot solve either will teach the encoder nothing.

    Args:
        method: A `keras_ssl.RotationPrediction` or `Jigsaw`, or anything else with `questions(images)`.
        images: Array (n, height, width, channels), raw pixels in [0, 255]. Each image gets a row.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `images` is not an array of images.

    Example:

    >>> images = np.random.uniform(0, 255, (4, 32, 32, 3))
    >>> method = keras_ssl.Jigsaw(keras_ssl.backbones.small_cnn((32, 32, 3)), permutations=30)
    >>> figure = keras_ssl.plots.questions(method, images)
    >>> figure.savefig("questions.png")
    """
    images = check_image_array(images, "images")
    return grid_of_columns({"image": images, **method.questions(images)})
