import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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

# What to try in the next training: a learning rate divided by one of these, or so many times the steps.
LOWER_RATE = 3
LOWER_RATE_BY_LABELS = 10  # brings Adam's rate from 0.1 to the usual 0.001 in two trainings
MUCH_LOWER_RATE = 100  # for rates so far from the usual that dividing by 3 would take many trainings
MORE_STEPS = 4


@dataclass(frozen=True)
class Diagnosis:
    """The most likely reason why a training went wrong, and what to try next.

    Attributes:
        reason: String. The reason, as a sentence.
        remedy: String. What to try next, in words.
        options: String. The remedy as options of `keras-ssl pretrain`, empty where there are none for it.
    """

    reason: str
    remedy: str
    options: str = ""

    def advice(self, command: str | None = None) -> str:
        """The reason and the remedy as text, with `command` (a `keras-ssl pretrain …`) and the options to run."""
        run = f": {command} {self.options}" if command and self.options else ""
        words = f" ({self.options})" if self.options and not run else ""
        return f"{self.reason} Next, {self.remedy}{words}{run or '.'}"


def diagnose(
    history: Mapping[str, Sequence[float]],
    steps: int | None = None,
    settings: Mapping[str, Any] | None = None,
    worse_than_random: bool = False,
) -> Diagnosis | None:
    """Finds the most likely reason why a training went wrong, from its log.

    Args:
        history: Dict of lists, one value per epoch.
        steps: Integer. Number of updates that the training made. Defaults to `None`.
        settings: Dict. The settings of the recipe. Defaults to `None`.
        worse_than_random: Boolean. Whether the features scored worse than those of a random encoder. Defaults to
            `False`.

    Returns:
        A `Diagnosis`, or `None` where the log shows no problem.
    """
    settings = settings or {}
    # A comparison with NaN is false, so a row about a number that was not logged never applies.
    last = defaultdict(lambda: math.nan, {name: values[-1] for name, values in history.items() if values})
    first_loss = next(iter(history.get("loss", ())), math.nan)
    largest_std = max(history.get("feature_std") or [0.0])
    not_a_number = _first(name for name in ("loss", *COLLAPSED) if name in last and math.isnan(last[name]))
    collapsed = _first(name for name, least in COLLAPSED.items() if last[name] < least)
    solved = _first(name for name in TASK_ACCURACIES if last[name] > SOLVED)
    lower_rate = _rate_lower_by(LOWER_RATE, settings)

    # The first row whose condition holds is the diagnosis: condition, reason, remedy, options.
    table = (
        (
            not_a_number,
            f"The training diverged: {not_a_number} is not a number.",
            "try a lower learning rate",
            lower_rate,
        ),
        (
            largest_std > EXPLODED_STD,
            f"The weights exploded (feature_std up to {largest_std:.3g}; usual are 0.1 to 1), so the learning rate "
            "is likely too high.",
            "try a much lower one",
            _rate_lower_by(MUCH_LOWER_RATE, settings),
        ),
        (
            _rose(history),
            f"The loss rose, from {first_loss:.4g} to {last['loss']:.4g}, so the learning rate is likely too high.",
            "try a lower one",
            lower_rate,
        ),
        (
            collapsed,
            f"The features have collapsed ({collapsed} {last[collapsed]:.3g}).",
            "try another method, or a lower learning rate",
            lower_rate,
        ),
        (
            worse_than_random and last["feature_rank"] < FEW_DIRECTIONS,
            f"Training left features of few directions (feature_rank {last['feature_rank']:.3g}; good runs: "
            f"{GOOD['feature_rank']:.0f} or more), worse than before it, so the learning rate is likely too high.",
            "try a lower one",
            _rate_lower_by(LOWER_RATE_BY_LABELS, settings),
        ),
        (
            solved,
            f"The task is solved ({solved} {last[solved]:.2f}), and has little left to teach.",
            "make it harder, or try another method",
            "",
        ),
        (
            steps is not None and steps < FEW_STEPS,
            f"{steps} steps are few.",
            "train longer",
            f"--steps {max(FEW_STEPS, MORE_STEPS * (steps or 0))}",
        ),
        (
            _is_falling(history.get("loss", ())),
            "The loss was still falling.",
            "train longer",
            "--minutes" if steps is None else f"--steps {MORE_STEPS * steps}",
        ),
        (
            last["contrastive_accuracy"] < RARELY_FOUND,
            f"The other view of an image is found in {100 * last['contrastive_accuracy']:.1f} % of the cases, so the "
            "views may be too strong.",
            "try weaker ones",
            _weaker_views(settings.get("augmenter") or {}),
        ),
    )
    return next((Diagnosis(*texts) for condition, *texts in table if condition), None)


def _first(names):
    return next(names, None)


def _rate_lower_by(factor, settings):
    rates = settings.get("learning_rate") or {}
    name = next((name for name in ("constant", "base") if rates.get(name)), None)  # `constant` overrides `base`
    return f"--set learning_rate.{name}={rates[name] / factor:.2g}" if name else ""


def _rose(history):
    """Whether the loss is above its first value, for methods whose loss falls in a good training."""
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
