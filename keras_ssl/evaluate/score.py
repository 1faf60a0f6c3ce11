import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

# Classes count as unequal from this ratio of their numbers of images on: in the balanced accuracy an image of the
# smallest class then weighs at least twice as much as one of the largest.
UNEQUAL = 2.0


@dataclasses.dataclass(frozen=True)
class Score:
    """Accuracy of features at one task, and how it was measured.

    Args:
        name: String. The kind of score, such as `"kNN"`.
        accuracy: Float in [0, 1]. The share of test images with the right label; a mean, where there is a deviation.
        protocol: String. What was fitted on which images, and how often the test images were scored.
        deviation: Float or `None`. The standard deviation (n - 1 in the denominator) over repeated draws.
        settings: Dict of the numbers that the protocol depends on.
        balanced_accuracy: Float in [0, 1] or `None`. The mean of the recalls of the classes, in which each class
            counts the same, however many images it has; a mean over the draws, where there is a deviation.
        balanced_deviation: Float or `None`. Its standard deviation over the same draws.
        imbalance: Float of at least 1, or `None`. The number of test images of the largest class, divided by that of
            the smallest.

    Example:

    >>> score = keras_ssl.evaluate.Score("kNN", 0.9312, "Cosine, 20 neighbors.", settings={"k": 20})
    >>> print(score)
    kNN: 0.931 (Cosine, 20 neighbors.)
    >>> float(score)
    0.9312
    """

    name: str
    accuracy: float
    protocol: str
    deviation: float | None = None
    settings: dict = dataclasses.field(default_factory=dict, hash=False)
    balanced_accuracy: float | None = None
    balanced_deviation: float | None = None
    imbalance: float | None = None

    def __float__(self):
        return self.accuracy

    def __str__(self):
        return f"{self.name}: {self.value} ({self.protocol})"

    @property
    def value(self) -> str:
        """The accuracy for a table, `"0.931"` or `"0.931 ± 0.012"`."""
        return _formatted(self.accuracy, self.deviation)

    @property
    def columns(self) -> dict[str, str]:
        """Columns of a table: a dict from the name of a column to its value.

        They include the balanced accuracy if the largest class has at least twice the images of the smallest. With
        more equal classes it is close to the accuracy.
        """
        shown = {self.name: self.value}
        if self.imbalance is not None and self.imbalance >= UNEQUAL:
            shown[f"{self.name}, balanced"] = _formatted(self.balanced_accuracy, self.balanced_deviation)
        return shown

    def to_dict(self) -> dict[str, Any]:
        """The score as a dict of plain values, ready for JSON."""
        return dataclasses.asdict(self)


def _formatted(value, deviation):
    return f"{value:.3f}" + ("" if deviation is None else f" ± {deviation:.3f}")


def scored(
    name: str, predictions: npt.ArrayLike, labels: np.ndarray, protocol: str, settings: dict[str, Any]
) -> Score:
    """Compares predicted classes (n,) with the labels (n,); returns a `Score`."""
    _, numbers, images = np.unique(labels, return_inverse=True, return_counts=True)
    right = np.asarray(predictions) == labels
    return Score(
        name,
        float(np.mean(right)),
        protocol,
        settings=settings,
        balanced_accuracy=float(np.mean(np.bincount(numbers, right) / images)),
        imbalance=float(images.max() / images.min()),
    )


def mean_score(scores: Sequence[Score], name: str, protocol: str, settings: dict[str, Any]) -> Score:
    """Averages scores on the same test images into one `Score`, with the standard deviation of two or more."""
    accuracy, deviation = _mean_and_deviation([score.accuracy for score in scores])
    balanced_accuracy, balanced_deviation = _mean_and_deviation([score.balanced_accuracy for score in scores])
    return Score(
        name, accuracy, protocol, deviation, settings, balanced_accuracy, balanced_deviation, scores[0].imbalance
    )


def _mean_and_deviation(values):
    if None in values:
        return None, None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def format_table(rows: Mapping[str, Any], title: str = "features") -> str:
    """Formats scores of several encoders as a table, for the terminal and for Markdown.

    Args:
        rows: Dict from a row's name to its scores: a `Score` or another score with `columns`, the dict that
            `few_label` returns, or a list of these.
        title: String. The heading of the first column. Defaults to `"features"`.

    Returns:
        str, several lines. Missing scores leave their cell empty. If the largest class of the test images has at
        least twice the images of the smallest, the balanced accuracy has a column beside each score.

    Example:

    >>> score = keras_ssl.evaluate.Score("kNN", 0.9312, "Cosine, 20 neighbors.")
    >>> print(keras_ssl.evaluate.format_table({"SimCLR": [score], "raw pixels": []}))
    | features   | kNN   |
    |------------|-------|
    | SimCLR     | 0.931 |
    | raw pixels |       |
    """
    cells = {
        name: {column: value for score in _flat(scores) for column, value in score.columns.items()}
        for name, scores in rows.items()
    }
    columns = list(dict.fromkeys(column for row in cells.values() for column in row))
    lines = [[title, *columns], *([name, *(row.get(c, "") for c in columns)] for name, row in cells.items())]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns) + 1)]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([text[0], rule, *text[1:]])


def _flat(scores):
    """The scores in nested lists and dicts, in order: every object with `columns`."""
    if hasattr(scores, "columns"):
        return [scores]
    items = scores.values() if isinstance(scores, dict) else scores
    return [score for item in items for score in _flat(item)]
