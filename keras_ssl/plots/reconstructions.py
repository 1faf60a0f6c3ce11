from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy.typing as npt

from keras_ssl.checks.images import check_image_array
from keras_ssl.plots.image_grid import draw_image, image_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reconstructions(images: npt.ArrayLike, rebuilt: npt.ArrayLike | Mapping[str, npt.ArrayLike]) -> "Figure":
    """Images in the first row, and their reconstructions below.

    Args:
        images: Array (n, height, width, channels), raw pixels in [0, 255]. Each image gets a column.
        rebuilt: Array of the same shape, as `reconstruct(images)` of a method returns, or a dict from names to such
            arrays. Each array gets a row.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If the shapes differ, or there are no images.

    Example:

    >>> model = keras_ssl.Autoencoder(keras_ssl.backbones.conv_encoder((32, 32, 3)))
    >>> images = np.random.uniform(0, 255, (8, 32, 32, 3))
    >>> figure = keras_ssl.plots.reconstructions(images, model.reconstruct(images))
    >>> figure.savefig("reconstructions.png")
    """
    images = check_image_array(images, "images")
    rows = {"image": images} | (rebuilt if isinstance(rebuilt, dict) else {"rebuilt": rebuilt})
    figure, axes = image_grid(len(rows), len(images), row_height=1.05)
    for row, (name, batch) in enumerate(rows.items()):
        batch = check_image_array(batch, name)
        if batch.shape != images.shape:
            raise ValueError(
                "Reconstructions must have the shape of the images. "
                f"Received: images of shape {images.shape} and {name} of shape {batch.shape}"
            )
        axes[row, 0].set_ylabel(name, fontsize=10)
        for axis, image in zip(axes[row], batch, strict=True):
            draw_image(axis, image)
    return figure
