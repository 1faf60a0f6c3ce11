import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Score:
    """How good features were at one task, and how that was measured.

    Args:
        name: str, the kind of score, such as `"kNN"`.
        accuracy: float in [0, 1], the share of test images with the right label; a mean, where there is a deviation.
        protocol: str, in words: what was fitted on which images, and how often the test images were looked at.
        deviation: float or None, the standard deviation (n - 1 in the denominator) over repeated draws.
        settings: dict of the numbers that the protocol depends on.

    Example:

    >>> score = keras_ssl.evaluate.Score("kNN", 0.9312, "Cosine, 20 neighbours.", settings={"k": 20})
    >>> print(score)
    kNN: 0.931 (Cosine, 20 neighbours.)
    >>> float(score)
    0.9312
    """

    name: str
    accuracy: float
    protocol: str
    deviation: float | None = None
    settings: dict = dataclasses.field(default_factory=dict, hash=False)

    def __float__(self):
        return self.accuracy

    def __str__(self):
        return f"{self.name}: {self.value} ({self.protocol})"

    @property
    def value(self):
        """The accuracy for a table, `"0.931"` or `"0.931 ± 0.012"`."""
        return f"{self.accuracy:.3f}" + ("" if self.deviation is None else f" ± {self.deviation:.3f}")

    def to_dict(self):
        """The score as a dict of plain values, ready for JSON."""
        return dataclasses.asdict(self)


def mean_score(scores, name, protocol, settings):
    """One `Score` with the mean of several and, from two on, their standard deviation."""
    accuracies = [float(score) for score in scores]
    deviation = float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None
    return Score(name, float(np.mean(accuracies)), protocol, deviation, settings)


def format_table(rows, title="features"):
    """Scores of several encoders as a table that reads well in a terminal and in Markdown.

    Args:
        rows: dict from a row's name to its scores: a `Score`, or a list of them, where what `few_label` returns may
            stand in place of a `Score`.
        title: str, the head of the first column. Defaults to `"features"`.

    Returns:
        str, several lines. A score that a row lacks leaves its cell empty.

    Example:

    >>> score = keras_ssl.evaluate.Score("kNN", 0.9312, "Cosine, 20 neighbours.")
    >>> print(keras_ssl.evaluate.format_table({"SimCLR": [score], "raw pixels": []}))
    | features   | kNN   |
    |------------|-------|
    | SimCLR     | 0.931 |
    | raw pixels |       |
    """
    cells = {name: {score.name: score.value for score in _flat(scores)} for name, scores in rows.items()}
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
    """The `Score`s in nested lists and dicts, in order."""
    if isinstance(scores, Score):
        return [scores]
    items = scores.values() if isinstance(scores, dict) else scores
    return [score for item in items for score in _flat(item)]
