import math
from dataclasses import dataclass

import numpy as np

from keras_ssl.evaluate.thresholds import COLLAPSED, FEW_STEPS, RARELY_FOUND, STILL_FALLING

# Once a training is the trouble, the next is tried with a rate so much lower, or so many times the steps.
LOWER_RATE = 3
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


def likeliest_trouble(history, steps=None, settings=None):
    """What most likely went wrong in a training, from what it logged.

    Args:
        history: dict of lists, one entry an epoch.
        steps: optional int, updates that the training made.
        settings: optional dict, the recipe's.

    Returns:
        A `Trouble`, or None where nothing tells of any.
    """
    settings = settings or {}
    last = {name: values[-1] for name, values in history.items() if values}
    rate = (settings.get("learning_rate") or {}).get("base")
    lower_rate = f"--set learning_rate.base={rate / LOWER_RATE:.2g}" if rate else ""
    for name in ("loss", *COLLAPSED):
        if math.isnan(last.get(name, 0.0)):
            return Trouble(f"The training diverged: {name} is not a number.", "try a lower learning rate", lower_rate)
    for name, least in COLLAPSED.items():
        if last.get(name, math.inf) < least:
            return Trouble(
                f"The features have collapsed ({name} {last[name]:.3g}).",
                "try another method, or a lower learning rate",
                lower_rate,
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
