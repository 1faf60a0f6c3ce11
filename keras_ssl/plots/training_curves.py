import csv
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from keras_ssl.evaluate.baselines import KNN_BASELINES
from keras_ssl.plots.style import COLORS, GRAY, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


COLUMNS = 3


def training_curves(
    history: keras.callbacks.History | Mapping[str, Sequence[float]] | str | os.PathLike[str],
) -> "Figure":
    """Curves of the loss and all other logged metrics, one panel per metric.

    Metrics of validation data are drawn in the panel of the same metric in training. The kNN accuracies of raw pixels
    and of a random encoder (`callbacks.KNNMonitor`) are dashed lines.

    Args:
        history: A `keras.callbacks.History`, its dict from name to values, or the path of a file that
            `keras.callbacks.CSVLogger` wrote. Epochs in which a metric was not logged are skipped.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is nothing to draw.
        FileNotFoundError: If there is no file at that path.

    Example:

    >>> figure = keras_ssl.plots.training_curves({"loss": [3.2, 2.1], "val_loss": [3.3, 2.4]})
    >>> figure.savefig("curves.png")
    """
    epochs, columns = _read(history)
    quantities = list(dict.fromkeys(name.removeprefix("val_") for name in columns if name not in KNN_BASELINES))
    if not quantities or not len(epochs):
        raise ValueError(f"history has no epochs to draw. Received: history={history!r}")
    width = min(COLUMNS, len(quantities))
    height = -(-len(quantities) // width)
    figure = new_figure(4.2 * width, 2.9 * height)
    panels = figure.subplots(height, width, squeeze=False).ravel()
    for panel, quantity in zip(panels, quantities, strict=False):
        _draw(panel, epochs, columns, quantity)
    for panel in panels[len(quantities) :]:
        panel.set_axis_off()
    return figure


def _draw(panel, epochs, columns, quantity):
    from matplotlib.ticker import MaxNLocator

    for name, label, color in ((quantity, "training", COLORS[0]), (f"val_{quantity}", "validation", COLORS[2])):
        if name in columns:
            values = columns[name]
            known = np.isfinite(values) & ~_repeated(values)
            # A line through a single point is invisible, so few points get markers.
            marker = "o" if known.sum() <= 20 else None
            panel.plot(epochs[known], values[known], color=color, label=label, marker=marker, markersize=3.5)
    if quantity == "knn_accuracy":
        for (name, label), color in zip(KNN_BASELINES.items(), COLORS[4:], strict=False):
            for value in columns.get(name, ())[-1:]:
                panel.axhline(value, color=color, linestyle="--", linewidth=1.2, label=label)
    panel.set_title(quantity.replace("_", " "), fontsize=11)
    panel.set_xlabel("epoch", color=GRAY)
    panel.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    panel.ticklabel_format(axis="y", useOffset=False)
    panel.tick_params(colors=GRAY)
    panel.grid(alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False, fontsize=9)


def _repeated(values):
    """Return a mask of values that repeat the previous epoch's: metrics that are not measured in every epoch."""
    repeated = np.zeros(len(values), bool)
    repeated[1:-1] = values[1:-1] == values[:-2]
    return repeated


def _read(history):
    """Return the epochs, counted from 1, and a dict from name to float array, NaN where nothing was logged."""
    if isinstance(history, str | os.PathLike):
        with open(history, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns = {name: _numbers(row[name] for row in rows) for name in (rows[0] if rows else ())}
    else:
        columns = {name: _numbers(values) for name, values in getattr(history, "history", history).items()}
    epochs = columns.pop("epoch", None)
    if epochs is None:
        epochs = np.asarray(getattr(history, "epoch", range(len(next(iter(columns.values()), ())))), float)
    longest = len(epochs)
    # Some metrics are logged only in late or in some epochs, such as with Keras' validation_freq.
    padded = {
        name: np.concatenate([np.full(longest - len(values), np.nan), values]) for name, values in columns.items()
    }
    return epochs + 1, padded


def _numbers(values):
    return np.array([_number(value) for value in values], float)


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):  # CSVLogger writes "NA" or nothing
        return np.nan
