import math
from collections.abc import Mapping, Sequence
from typing import Any

from keras_ssl.evaluate.baselines import KNN_BASELINES
from keras_ssl.evaluate.diagnosis import diagnose
from keras_ssl.evaluate.score import Score
from keras_ssl.evaluate.thresholds import EXPLODED_STD, GOOD, GOOD_STEPS
from keras_ssl.evaluate.verdict import Verdict, verdict

PIXELS, RANDOM = KNN_BASELINES
WORDS = {
    "feature_rank": "the rank of the features is {:.0f} (good runs: {:.0f} or more)",
    "feature_spread": "their spread {:.2f} ({:.1f} or more)",
    "contrastive_accuracy": "the other view of an image is found in {:.1%} of the cases ({:.0%} or more)",
}


def training_verdict(
    method: str,
    history: Mapping[str, Sequence[float]],
    *,
    steps: int | None = None,
    scored_images: int | None = None,
    settings: Mapping[str, Any] | None = None,
    command: str | None = None,
) -> Verdict:
    """Judges a training in words, from its log alone.

    If `callbacks.KNNMonitor` logged a kNN accuracy, its last value is compared with those of raw pixels and of a
    random encoder, as in `verdict`. Otherwise the rank and the spread of the features and the contrastive accuracy,
    as far as they were logged, are compared with those of runs that learned something.

    Args:
        method: String. Name of the method.
        history: Dict of lists, the log of the training, one value per epoch.
        steps: Integer or `None`. Number of updates that the training made.
        scored_images: Integer or `None`. How many images the kNN accuracies come from; without it, they are not
            compared.
        settings: Dict or `None`. The settings of the recipe, for the advice.
        command: String or `None`. The command to try next, to which options are added.

    Returns:
        A `Verdict`.

    Example:

    >>> history = {"loss": [5.1, 4.2], "feature_rank": [20.0, 90.0]}
    >>> print(keras_ssl.evaluate.training_verdict("SimCLR", history, steps=3000))   # doctest: +ELLIPSIS
    The log says, without labels: the rank of the features is 90 (good runs: 20 or more); as in runs ...
    """
    last = {name: values[-1] for name, values in history.items() if values}
    accuracy = last.get("val_knn_accuracy")
    if accuracy is not None and scored_images and not math.isnan(accuracy):
        accuracies = {method: accuracy, "random encoder": last.get(RANDOM), "raw pixels": last.get(PIXELS)}
        rows = {name: {"kNN": Score("kNN", value, "")} for name, value in accuracies.items() if value is not None}
        if len(rows) > 1:
            return verdict(rows, scored_images, history, steps, settings, command)
    known = [name for name in WORDS if name in last]
    good = bool(known) and all(last[name] >= GOOD[name] for name in known)
    good = good and max(history.get("feature_std") or [0.0]) <= EXPLODED_STD
    good = good and (steps is None or steps >= GOOD_STEPS)  # a random encoder may have such a rank and spread
    diagnosis = None if good else diagnose(history, steps, settings)
    return Verdict(_without_labels(last, history, known, good), {}, diagnosis.advice(command) if diagnosis else "")


def _without_labels(last, history, known, good):
    if known:
        found = ", ".join(
            WORDS[name].format(last[name], GOOD[name]) + ("" if last[name] >= GOOD[name] else ": too little")
            for name in known
        )
        meaning = "as in runs" if good else "not as in runs"
        return f"The log says, without labels: {found}; {meaning} whose features beat a random encoder's."
    fell = f"the loss went from {history['loss'][0]:.4g} to {last['loss']:.4g}, and " if "loss" in last else ""
    return f"The log says, without labels: {fell}nothing that was logged tells how good the features are."
