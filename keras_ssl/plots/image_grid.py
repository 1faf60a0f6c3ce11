from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from keras_ssl.plots.style import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def image_grid(rows: int, columns: int, row_height: float) -> tuple["Figure", Any]:
    """Create a figure for `rows` × `columns` images.

    Args:
        rows: Positive integer.
        columns: Positive integer.
        row_height: Positive float. Inches for an image and the text above or below it.

    Returns:
        Tuple of the figure and its axes, an array (rows, columns).
    """
    figure = new_figure(1.05 * columns + 0.3, row_height * rows + 0.2)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.03, wspace=0.02, hspace=0.02)
    return figure, figure.subplots(rows, columns, squeeze=False)


def grid_of_columns(columns: Mapping[str, Any]) -> "Figure":
    """Draw a column of images under each title.

    Args:
        columns: Dict from titles to arrays (n, height, width, channels), raw pixels in [0, 255].

    Returns:
        The figure.
    """
    figure, axes = image_grid(len(next(iter(columns.values()))), len(columns), row_height=1.08)
    for column, (title, batch) in enumerate(columns.items()):
        axes[0, column].set_title(title, fontsize=10)
        for row, image in enumerate(batch):
            draw_image(axes[row, column], image)
    return figure


def draw_image(axes: "Axes", image: npt.ArrayLike) -> None:
    """Draw an image (height, width, channels) with pixels in [0, 255], without smoothing.

    Three channels are drawn in color. One channel, or the mean of any other number of channels, is drawn in gray.
    """
    image = np.clip(np.asarray(image, np.float32), 0, 255) / 255
    if image.shape[-1] != 3:
        image = image.mean(axis=-1)
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
