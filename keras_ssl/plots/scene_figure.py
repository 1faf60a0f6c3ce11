from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_ssl.plots.style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def scene_figure(rows: int, columns: int, image_shape: Sequence[int], width: float) -> tuple["Figure", Any]:
    """Create a figure for `rows` × `columns` pictures, each `width` inches wide.

    Args:
        rows: Positive integer.
        columns: Positive integer.
        image_shape: Tuple (height, width, …), the shape of the images.
        width: Positive float.

    Returns:
        Tuple of the figure and its axes, an array (rows, columns).
    """
    height = width * image_shape[0] / image_shape[1]
    figure = new_figure(width * columns + 0.3, (height + 0.25) * rows + 0.8)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.01, hspace=0.01)
    return figure, figure.subplots(rows, columns, squeeze=False)
