import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_ssl.evaluate.diagnosis import diagnose
from keras_ssl.evaluate.score import Score
from keras_ssl.evaluate.thresholds import STANDARD_ERRORS

UNKNOWN = "Nothing that was logged tells why: try another method, such as simclr or moco, or larger images."
# How baselines are called in a sentence, after "better than".
OF_BASELINES = {"random encoder": "the random encoder's"}


@dataclass(frozen=True)
class Verdict:
    """Judgement of features in words.

    Attributes:
        text: String. One to three sentences.
        better: Dict from a baseline's name to whether the features beat it beyond chance in most scores.
        advice: String. The likeliest reason where they do not, and what to try next; empty where they do.
    """

    text: str
    better: dict
    advice: str = ""

    def __str__(self):
        return f"{self.text} {self.advice}".strip()


def verdict(
    rows: Mapping[str, Mapping[str, Score]],
    test_images: int,
    history: Mapping[str, Sequence[float]] | None = None,
    steps: int | None = None,
    settings: Mapping[str, Any] | None = None,
    command: str | None = None,
) -> Verdict:
    """Judges in words whether features are better than raw pixels and a random encoder.

    A difference counts if it is larger than two standard errors. They contain the variances of both accuracies as
    shares of `test_images`, and the deviations over draws and encoders.

    Args:
        rows: Dict from a name to a dict of `Score` by name, as `runs.evaluate` returns it: the features in question
            first, then the baselines. Features that are not finite numbers have no scores.
        test_images: Positive integer. How many images the scores come from.
        history: Dict of lists or `None`. The log of the training, one value per epoch.
        steps: Integer or `None`. Number of updates that the training made.
        settings: Dict or `None`. The settings of the recipe, for the advice.
        command: String or `None`. The command to try next, to which options are added.

    Returns:
        A `Verdict`.

    Raises:
        ValueError: If there is nothing to compare.

    Example:

    >>> score = keras_ssl.evaluate.Score
    >>> rows = {"SimCLR": {"kNN": score("kNN", 0.9, "")}, "raw pixels": {"kNN": score("kNN", 0.5, "")}}
    >>> print(keras_ssl.evaluate.verdict(rows, test_images=400))
    SimCLR's features are better than raw pixels (kNN 0.900 against 0.500).
    """
    method, *baselines = rows
    if baselines and not rows[method]:
        diagnosis = diagnose(history or {}, steps, settings)
        text = f"{method}'s features have no scores: they are not finite numbers."
        return Verdict(text, dict.fromkeys(baselines, False), diagnosis.advice(command) if diagnosis else UNKNOWN)
    compared = {name: _compare(rows[method], rows[name], test_images) for name in baselines}
    compared = {name: differences for name, differences in compared.items() if differences}
    if not compared:
        raise ValueError(
            f"A verdict needs a baseline with the same scores as the first row. Received: rows of {list(rows)}"
        )
    better = {
        name: sum(difference.sign > 0 for difference in differences) > len(differences) / 2
        for name, differences in compared.items()
    }
    sentences = [_sentence(method, name, differences) for name, differences in compared.items()]
    if all(better.values()):
        return Verdict(" ".join(sentences), better)
    random = compared.get("random encoder", [])
    worse = sum(difference.sign < 0 for difference in random) > len(random) / 2
    diagnosis = diagnose(history or {}, steps, settings, worse)
    return Verdict(" ".join(sentences), better, diagnosis.advice(command) if diagnosis else UNKNOWN)


@dataclass(frozen=True)
class _Difference:
    score: str
    own: float
    other: float
    sign: int  # 1 and -1 beyond chance, 0 within


def _compare(own, other, test_images):
    return [_difference(own[name], other[name], test_images) for name in own if name in other]


def _difference(own, other, test_images):
    variance = sum(
        score.accuracy * (1 - score.accuracy) / test_images + (score.deviation or 0.0) ** 2 for score in (own, other)
    )
    gap = own.accuracy - other.accuracy
    beyond = abs(gap) > STANDARD_ERRORS * math.sqrt(variance)
    return _Difference(own.name, own.accuracy, other.accuracy, int(math.copysign(beyond, gap)))


def _sentence(method, baseline, differences):
    def listed(sign):
        chosen = [item for item in differences if item.sign == sign]
        return ", ".join(f"{item.score} {item.own:.3f} against {item.other:.3f}" for item in chosen)

    all_alike = not any(item.sign for item in differences)
    alike = "no different, beyond chance, from" if all_alike else "within chance of"
    words = {1: "better than", -1: "worse than", 0: alike}
    baseline = OF_BASELINES.get(baseline, baseline)
    parts = [f"{words[sign]} {baseline} ({listed(sign)})" for sign in words if listed(sign)]
    return f"{method}'s features are {' and '.join(parts)}."
