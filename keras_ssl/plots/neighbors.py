from typing import TYPE_CHECKING

import numpy.typing as npt

from keras_ssl.checks.images import check_image_array
from keras_ssl.evaluate import nearest
from keras_ssl.plots.image_grid import draw_image, image_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def neighbors(
    query_images: npt.ArrayLike,
    bank_images: npt.ArrayLike,
    query_features: npt.ArrayLike,
    bank_features: npt.ArrayLike,
    k: int = 8,
) -> "Figure":
    """Query images, each with its nearest neighbors in a bank and their cosine similarities.

    Args:
        query_images: Array (n, height, width, channels), raw pixels in [0, 255]. Each image gets a row.
        bank_images: Array (m, height, width, channels). The images among which neighbors are searched.
        query_features: Array (n, features). The encoder's features of `query_images`.
        bank_features: Array (m, features). The encoder's features of `bank_images`.
        k: Integer in [1, m]. The number of neighbors to draw, nearest first. Defaults to `8`.

    Returns:
        A `matplotlib.figure.Figure`, with the cosine similarity below each neighbor.

    Raises:
        ValueError: If images and features differ in number, or `k` is out of its range.

    Example:

    >>> images = np.random.uniform(0, 255, (20, 8, 8, 1))
    >>> features = images.reshape(20, -1)
    >>> figure = keras_ssl.plots.neighbors(images[:3], images[3:], features[:3], features[3:], k=5)
    """
    query_images = check_image_array(query_images, "query_images")
    bank_images = check_image_array(bank_images, "bank_images")
    for name, images, features in (
        ("query", query_images, query_features),
        ("bank", bank_images, bank_features),
    ):
        if len(images) != len(features):
            raise ValueError(
                f"There must be one row of features per image. Received: {len(images)} {name}_images and "
                f"{len(features)} {name}_features"
            )
    similarities, rows = nearest(query_features, bank_features, k)
    # An empty column separates the queries from their neighbors.
    figure, axes = image_grid(len(query_images), k + 2, row_height=1.25)
    for axis in axes[:, 1]:
        axis.set_axis_off()
    for row in range(len(query_images)):
        draw_image(axes[row, 0], query_images[row])
        for axis, index, similarity in zip(axes[row, 2:], rows[row], similarities[row], strict=True):
            draw_image(axis, bank_images[index])
            axis.set_xlabel(f"{similarity:.2f}", fontsize=9, labelpad=3)
    axes[0, 0].set_title("image", fontsize=10, pad=3)
    axes[0, 2].set_title("nearest", fontsize=10, pad=3)
    return figure
