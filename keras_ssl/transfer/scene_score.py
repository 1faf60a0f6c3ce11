import dataclasses
import math
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class SceneScore:
    """Score of a detector or of a segmentation network, over all classes and per class.

    `keras_ssl.evaluate.format_table` takes it like a `keras_ssl.evaluate.Score`.

    Args:
        name: String. The measure that stands for the score, one of the keys of `overall`, such as `"AP"`.
        overall: Dict from the name of a measure to its value over all classes, a float in [0, 1]; NaN where no class
            has a value.
        per_class: Dict from the name of a class to a dict from the name of a measure to its value; NaN where the
            class is left out of the mean.
        protocol: String, in words: what was measured, and which classes are left out.
        settings: Dict of the numbers that the protocol depends on.

    Example:

    >>> score = keras_ssl.transfer.SceneScore(
    ...     "AP",
    ...     {"AP": 0.625, "AP50": 0.9},
    ...     {"RBC": {"AP": 0.625, "AP50": 0.9}, "WBC": {"AP": np.nan, "AP50": np.nan}},
    ...     "COCO's average precision.",
    ... )
    >>> print(score)
    | class       | AP    | AP50  |
    |-------------|-------|-------|
    | all classes | 0.625 | 0.900 |
    | RBC         | 0.625 | 0.900 |
    | WBC         | nan   | nan   |
    COCO's average precision.
    >>> float(score), score.value
    (0.625, '0.625')
    """

    name: str
    overall: Mapping[str, float] = dataclasses.field(hash=False)
    per_class: Mapping[str, Mapping[str, float]] = dataclasses.field(hash=False)
    protocol: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)

    def __float__(self):
        return self.overall[self.name]

    def __str__(self):
        measures = list(self.overall)
        rows = {"all classes": self.overall, **self.per_class}
        # A measure of all classes together, such as the pixel accuracy, has an empty cell beside a class.
        lines = [["class", *measures]] + [
            [name, *(f"{values[measure]:.3f}" if measure in values else "" for measure in measures)]
            for name, values in rows.items()
        ]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        text = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in lines
        ]
        rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
        return "\n".join([text[0], rule, *text[1:], self.protocol])

    @property
    def value(self) -> str:
        """The value of the measure `name` for a table, such as `"0.625"`."""
        return f"{float(self):.3f}"

    @property
    def columns(self) -> dict[str, str]:
        """Columns of a table: a dict from the name of each measure to its value over all classes."""
        return {measure: f"{value:.3f}" for measure, value in self.overall.items()}

    def to_dict(self) -> dict[str, Any]:
        """The score as a dict of plain values, ready for JSON, with None for NaN."""
        return _without_nan(dataclasses.asdict(self))


def _without_nan(value):
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
