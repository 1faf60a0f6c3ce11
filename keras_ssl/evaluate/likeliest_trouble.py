import math
from dataclasses import dataclass

import numpy as np

from keras_ssl.evaluate.thresholds import (
    COLLAPSED,
    EXPLODED_STD,
    FEW_DIRECTIONS,
    FEW_STEPS,
    GOOD,
    LOSS_MAY_RISE,
    RARELY_FOUND,
    ROSE,
    SOLVED,
    STILL_FALLING,
    TASK_ACCURACIES,
)

# Once a training is the trouble, the next is tried with a rate so much lower, or so many times the steps.
LOWER_RATE = 3
LOWER_RATE_BY_LABELS = 10  # so a learning rate of Adam of 0.1 becomes the usual one in two trainings
MUCH_LOWER_RATE = 100  # where a rate is beyond all that are usual, steps of 3 would take many trainings
MORE_STEPS = 4


@dataclass(frozen=True)
class Trouble:
    """What most likely went wrong in a training.

    Attributes:
        reason: str, a sentence.
        remedy: str, what to try next, in words.
        options: str, the same as options of `keras-ssl pretrain`; empty where none does it.
    """

    reason: str
    remedy: str
    options: str = ""

    def advice(self, command=None):
        """The sentences, with `command`, a `keras-ssl pretrain …`, and the options as what to run."""
        run = f": {command} {self.options}" if command and self.options else ""
        words = f" ({self.options})" if self.options and not run else ""
        return f"{self.reason} Next, {self.remedy}{words}{run or '.'}"


def likeliest_trouble(history, steps=None, settings=None, worse_than_random=False):
    """What most likely went wrong in a training, from what it logged.

    Args:
        history: dict of lists, one entry an epoch.
        steps: optional int, updates that the training made.
        settings: optional dict, the recipe's.
        worse_than_random: bool, whether labels say that the features are worse than a random encoder's.

    Returns:
        A `Trouble`, or None where nothing tells of any.
    """
    settings = settings or {}
    last = {name: values[-1] for name, values in history.items() if values}
    lower_rate = _rate_lower_by(LOWER_RATE, settings)
    for name in ("loss", *COLLAPSED):
        if math.isnan(last.get(name, 0.0)):
            return Trouble(f"The training diverged: {name} is not a number.", "try a lower learning rate", lower_rate)
    if (largest := max(history.get("feature_std") or [0.0])) > EXPLODED_STD:
        return Trouble(
            f"The weights exploded (feature_std up to {largest:.3g}; usual are 0.1 to 1), so the learning rate is "
            "likely too high.",
            "try a much lower one",
            _rate_lower_by(MUCH_LOWER_RATE, settings),
        )
    if _rose(history):
        return Trouble(
            f"The loss rose, from {history['loss'][0]:.4g} to {last['loss']:.4g}, so the learning rate is likely too "
            "high.",
            "try a lower one",
            lower_rate,
        )
    for name, least in COLLAPSED.items():
        if last.get(name, math.inf) < least:
            return Trouble(
                f"The features have collapsed ({name} {last[name]:.3g}).",
                "try another method, or a lower learning rate",
                lower_rate,
            )
    if worse_than_random and last.get("feature_rank", math.inf) < FEW_DIRECTIONS:
        return Trouble(
            f"Training left features of few directions (feature_rank {last['feature_rank']:.3g}; good runs: "
            f"{GOOD['feature_rank']:.0f} or more), worse than before it, so the learning rate is likely too high.",
            "try a lower one",
            _rate_lower_by(LOWER_RATE_BY_LABELS, settings),
        )
    for name in TASK_ACCURACIES:
        if last.get(name, 0.0) > SOLVED:
            return Trouble(
                f"The task is solved ({name} {last[name]:.2f}), and has little left to teach.",
                "make it harder, or try another method",
            )
    if steps is not None and steps < FEW_STEPS:
        return Trouble(f"{steps} steps are few.", "train longer", f"--steps {max(FEW_STEPS, MORE_STEPS * steps)}")
    if _is_falling(history.get("loss", ())):
        more = "--minutes" if steps is None else f"--steps {MORE_STEPS * steps}"
        return Trouble("The loss was still falling.", "train longer", more)
    if last.get("contrastive_accuracy", 1.0) < RARELY_FOUND:
        return Trouble(
            f"The other view of an image is found in {100 * last['contrastive_accuracy']:.1f} % of the cases, so the "
            "views may be too strong.",
            "try weaker ones",
            _weaker_views(settings.get("augmenter") or {}),
        )
    return None


def _rate_lower_by(factor, settings):
    rates = settings.get("learning_rate") or {}
    name = next((name for name in ("constant", "base") if rates.get(name)), None)  # a constant goes before
    return f"--set learning_rate.{name}={rates[name] / factor:.2g}" if name else ""


def _rose(history):
    """Whether the loss is above its start, in a training where a good one lowers it."""
    loss = history.get("loss", ())
    if len(loss) < 2 or any(name.endswith(LOSS_MAY_RISE) for name in history):
        return False
    return loss[-1] > loss[0] + ROSE * abs(loss[0])


def _weaker_views(augmenter):
    if "strength" in augmenter:
        return f"--set augmenter.strength={augmenter['strength'] / 2:g}"
    return '--set "augmenter.scale=[0.6, 1.0]"' if "scale" in augmenter else ""


def _is_falling(loss):
    if len(loss) < 5:
        return False
    fifth = len(loss) // 5
    fallen, lately = loss[0] - min(loss), np.mean(loss[-2 * fifth : -fifth]) - np.mean(loss[-fifth:])
    return fallen > 0 and lately > STILL_FALLING * fallen
