import numpy as np

from keras_ssl.plots.style import COLORS


def class_colors(count):
    """A color for each of `count` classes, an array (count, 3) of RGB values in [0, 1].

    The first ten are `COLORS`, the next ten are lighter, and ten more are darker. From 31 classes on colors repeat.
    """
    from matplotlib.colors import to_rgb

    base = np.array([to_rgb(color) for color in COLORS])
    return np.resize(np.concatenate([base, (base + 1) / 2, base * 0.55]), (count, 3))


def class_legend(figure, class_names, colors, extra=()):
    """Adds a legend with a color for each class name below the pictures.

    Args:
        extra: Handles of matplotlib that stand after the classes.
    """
    from matplotlib.patches import Patch

    handles = [Patch(color=color, label=name) for name, color in zip(class_names, colors, strict=True)]
    handles += extra
    # About the inches that each entry takes. One row if all have room; otherwise columns as wide as the widest.
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
