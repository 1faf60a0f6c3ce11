"""Settings as users write them: on the command line after --set, in Python as overrides."""

import math
import re
from collections.abc import Mapping
from typing import Any

from keras_ssl.recipes.settings import read

SIZES = ("image_size", "read_size")
_WHOLE = ("batch_size", "epochs", "steps_per_epoch")
#: Largest number of images or steps. TensorFlow cannot count further.
LARGEST = 2**31 - 1


def parse_overrides(settings: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the caller's overrides to the types of the recipe's settings.

    Args:
        settings: Dict. The recipe's settings.
        overrides: Dict. The changes, with dots in the keys for nesting.

    Returns:
        Dict with the same keys: sizes as lists `[height, width]`, whole numbers as integers.

    Raises:
        ValueError: If a value does not have the type of the recipe's.
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


def parse_size(key: str, value: Any) -> list[int]:
    """Convert a size to `[height, width]`.

    Args:
        key: String. Name of the setting, for the message.
        value: `64`, `"64x64"`, `"64,64"`, `[64, 64]` or `(64, 64)`.

    Raises:
        ValueError: For any other value.
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


def is_number(value: Any) -> bool:
    """Whether a setting is a number. A Boolean is not one."""
    return isinstance(value, int | float) and not isinstance(value, bool)
