import math
from dataclasses import dataclass

import numpy as np

# Two standard errors: of twenty differences that are chance, one is beyond.
STANDARD_ERRORS = 2.0
# Below these, features are collapsed.
MIN_SPREAD = 0.03
MIN_RANK = 1.5
COLLAPSED = {"feature_spread": MIN_SPREAD, "embedding_spread": MIN_SPREAD, "feature_rank": MIN_RANK}
# A run on 1632 photographs had features beyond a random encoder's after 1000 steps, and 96 steps taught it nothing.
FEW_STEPS = 1000
# A guess among the other views of a batch of 128 has 0.004; runs that learned had 0.1 to 0.5 after 1000 steps.
RARELY_FOUND = 0.05
# The share of all that the loss has fallen which the last fifth of the training may add before it counts as falling.
STILL_FALLING = 0.05


@dataclass(frozen=True)
class Verdict:
    """Whether features are worth having, in words.

    Attributes:
        text: str, one to three sentences.
        better: dict from a baseline's name to whether the features beat it beyond chance in most scores.
        advice: str, the likeliest reason where they do not, and what to try next; empty where they do.
    """

    text: str
    better: dict
    advice: str = ""

    def __str__(self):
        return f"{self.text} {self.advice}".strip()


def verdict(rows, test_images, history=None, steps=None):
    """Say in words whether features are better than those of a random encoder and than raw pixels.

    A difference counts where it is larger than two standard errors: of the two shares of `test_images`, and of the
    deviations over draws and encoders.

    Args:
        rows: dict from a name to a dict of `Score` by name, as `runs.evaluate` returns it: the features in question
            first, then the baselines.
        test_images: int > 0, how many images the scores come from.
        history: optional dict of lists, what a training logged, one entry an epoch.
        steps: optional int, updates that the training made.

    Returns:
        A `Verdict`.

    Raises:
        ValueError: where there is nothing to compare.

    Example:

    >>> score = keras_ssl.evaluate.Score
    >>> rows = {"SimCLR": {"kNN": score("kNN", 0.9, "")}, "raw pixels": {"kNN": score("kNN", 0.5, "")}}
    >>> print(keras_ssl.evaluate.verdict(rows, test_images=400))
    SimCLR's features are better than raw pixels (kNN 0.900 against 0.500).
    """
    method, *baselines = rows
    compared = {name: _compare(rows[method], rows[name], test_images) for name in baselines}
    compared = {name: differences for name, differences in compared.items() if differences}
    if not compared:
        raise ValueError(f"A verdict needs a baseline with the same scores. Received: rows of {list(rows)}")
    better = {
        name: sum(difference.sign > 0 for difference in differences) > len(differences) / 2
        for name, differences in compared.items()
    }
    sentences = [_sentence(method, name, differences) for name, differences in compared.items()]
    advice = "" if all(better.values()) else _advice(history or {}, steps)
    return Verdict(" ".join(sentences), better, advice)


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

    words = {1: "better than", 0: "no different, beyond chance, from", -1: "worse than"}
    parts = [f"{words[sign]} {baseline} ({listed(sign)})" for sign in (1, 0, -1) if listed(sign)]
    return f"{method}'s features are {' and '.join(parts)}."


def _advice(history, steps):
    for name, least in COLLAPSED.items():
        if history.get(name) and history[name][-1] < least:
            return (
                f"They have collapsed ({name} {history[name][-1]:.3g}): try another method, or a lower learning rate."
            )
    if steps is not None and steps < FEW_STEPS:
        return f"{steps} steps are few: train longer, with --steps {max(FEW_STEPS, 4 * steps)} or --minutes."
    found = history.get("contrastive_accuracy")
    if found and found[-1] < RARELY_FOUND:
        return (
            f"The other view of an image is found in {100 * found[-1]:.1f} % of the cases, so the views may be too "
            "strong: --set augmenter.strength=0.25."
        )
    if _is_falling(history.get("loss", ())):
        return "The loss was still falling: train longer, with --minutes or --epochs."
    return "Nothing that was logged tells why: try another method, such as simclr or moco, or larger images."


def _is_falling(loss):
    if len(loss) < 5:
        return False
    fifth = len(loss) // 5
    fallen, lately = loss[0] - min(loss), np.mean(loss[-2 * fifth : -fifth]) - np.mean(loss[-fifth:])
    return fallen > 0 and lately > STILL_FALLING * fallen
