import math
from typing import TYPE_CHECKING

import numpy.typing as npt

from keras_ssl.checks.images import check_image_array
from keras_ssl.plots.image_grid import draw_image, image_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def samples(images: npt.ArrayLike, columns: int | None = None) -> "Figure":
    """Grid of images, such as those of a generator or of a data set.

    Args:
        images: Array (n, height, width, channels), raw pixels in [0, 255].
        columns: Positive integer. Images in a row, or None for about as many rows as columns. Defaults to `None`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `images` is not an array of images, or `columns` is not positive.

    Example:

    >>> model = keras_ssl.DCGAN((8, 8, 1), filters=(4, 8))
    >>> figure = keras_ssl.plots.samples(model.generate(16))
    >>> figure.savefig("samples.png")
    """
    images = check_image_array(images, "images")
    columns = math.ceil(math.sqrt(len(images))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be a positive integer. Received: columns={columns}")
    figure, axes = image_grid(math.ceil(len(images) / columns), columns, row_height=1.05)
    for axis, image in zip(axes.flat, images, strict=False):
        draw_image(axis, image)
    for axis in axes.flat[len(images) :]:
        axis.set_axis_off()
    return figure
