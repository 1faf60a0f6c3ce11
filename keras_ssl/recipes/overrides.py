"""Settings as users write them: on the command line after --set, in Python as overrides."""

import math
import re

from keras_ssl.recipes.settings import read

SIZES = ("image_size", "read_size")
_WHOLE = ("batch_size", "epochs", "steps_per_epoch")
#: No number of images or steps is larger, and TensorFlow counts with none that is.
LARGEST = 2**31 - 1


def parse_overrides(settings, overrides):
    """The caller's overrides, each in the form that the recipe wants.

    Args:
        settings: dict, the recipe's own.
        overrides: dict, with dots for nesting.

    Returns:
        dict of the same keys: sizes as lists [height, width], whole numbers as integers.

    Raises:
        ValueError: for a value that is of another kind than the recipe's.
    """
    return {key: _parse(key, value, read(settings, key)) for key, value in overrides.items()}


def _parse(key, value, own):
    if value is None:
        return None
    if key in SIZES:
        return parse_size(key, value)
    if isinstance(own, dict) and not isinstance(value, dict) and not ("name" in own and isinstance(value, str)):
        raise ValueError(
            f"{key} has the parts {', '.join(own)}: set one of them, such as {key}.{next(iter(own))}=…. "
            f"Received: {key}={value!r}"
        )
    if key not in _WHOLE and not is_number(own):
        return value
    if not is_number(value):
        raise ValueError(f"{key} must be a number. Received: {key}={value!r}")
    if key in _WHOLE and not (1 <= value <= LARGEST and value == int(value)):
        raise ValueError(f"{key} must be a whole number above 0, and {LARGEST} at most. Received: {key}={value!r}")
    return (
        int(value)
        if key in _WHOLE or (isinstance(own, int) and math.isfinite(value) and value == int(value))
        else value
    )


def parse_size(key, value):
    """A size as [height, width].

    Args:
        key: str, its name for the message.
        value: 64, "64x64", "64,64", [64, 64] or (64, 64).

    Raises:
        ValueError: for anything else.
    """
    sides = value
    if isinstance(value, str):
        found = re.fullmatch(r"[\[(]?\s*(\d+)(?:\s*[x, ]\s*(\d+))?\s*[\])]?", value.strip().lower())
        sides = [side for side in found.groups() if side] if found else []
    sides = list(sides) if isinstance(sides, list | tuple) else [sides]
    sides = 2 * sides if len(sides) == 1 else sides
    try:
        whole = [int(side) for side in sides]
        exact = all(isinstance(side, str) or side == int(side) for side in sides)
    except (TypeError, ValueError, OverflowError):
        whole, exact = [], False
    if len(whole) != 2 or min(whole) < 1 or not exact or any(isinstance(side, bool) for side in sides):
        raise ValueError(
            f"{key} must be height and width in pixels: 64, 64x96 or [64, 96]. Received: {key}={value!r}"
        )
    return whole


def is_number(value):
    """Whether a setting is a number, which in YAML a switch is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
