from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_ssl.plots.style import COLORS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def class_colors(count: int) -> np.ndarray:
    """Return a color for each of `count` classes, an array (count, 3) of RGB values in [0, 1].

    The first ten are `COLORS`, the next ten are lighter, and the last ten are darker. With more than 30 classes,
    colors repeat.
    """
    from matplotlib.colors import to_rgb

    base = np.array([to_rgb(color) for color in COLORS])
    return np.resize(np.concatenate([base, (base + 1) / 2, base * 0.55]), (count, 3))


def class_legend(figure: "Figure", class_names: Sequence[str], colors: np.ndarray, extra: Sequence[Any] = ()) -> None:
    """Add a legend below the pictures, with a color for each class name.

    Args:
        figure: A `matplotlib.figure.Figure`.
        class_names: Sequence of strings.
        colors: Array (classes, 3), as from `class_colors`.
        extra: Sequence of matplotlib legend handles. They are shown after the classes.
    """
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(color=color, label=name) for name, color in zip(class_names, colors, strict=True)]
    handles += extra
    # Estimated width of each entry in inches. One row if all entries fit, else columns as wide as the widest entry.
    widths = [0.45 + 0.075 * len(handle.get_label()) for handle in handles]
    room = figure.get_figwidth()
    columns = len(handles) if sum(widths) <= room else int(room // max(widths))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=max(1, columns),
        frameon=False,
        fontsize=9,
        columnspacing=1.2,
        handlelength=1.6,
    )
