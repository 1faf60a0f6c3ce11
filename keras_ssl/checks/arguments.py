"""Checks of numbers, choices and sizes in arguments."""

import numbers
from collections.abc import Collection, Iterable
from typing import Any


def check_choice(name: str, value: Any, choices: Collection[Any]) -> None:
    """Raise a ValueError unless `value`, the argument `name`, is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}. Received: {name}={value!r}")


def check_positive(name: str, value: float) -> float:
    """Return `value` as a float. Raise a ValueError unless it is above 0."""
    if not value > 0:
        raise ValueError(f"{name} must be positive. Received: {name}={value}")
    return float(value)


def check_margin(margin: float) -> float:
    """Return `margin` as a float. Raise a ValueError unless 0 < margin < 2 (embeddings have length 1)."""
    if margin >= 2:
        raise ValueError(
            "margin must be below 2: embeddings have length 1, so no two are farther apart than 2. "
            f"Received: margin={margin}"
        )
    return check_positive("margin", margin)


def check_count(name: str, value: Any) -> None:
    """Raise a ValueError unless `value` is a positive integer."""
    if not is_count(value):
        raise ValueError(f"{name} must be a positive integer. Received: {name}={value!r}")


def check_counts(name: str, values: Any) -> None:
    """Raise a ValueError unless `values` is a non-empty sequence of positive integers."""
    if isinstance(values, str) or not hasattr(values, "__len__") or not len(values):
        raise ValueError(f"{name} must be a non-empty sequence of positive integers. Received: {name}={values!r}")
    if not all(is_count(value) for value in values):
        raise ValueError(f"{name} must contain positive integers only. Received: {name}={values!r}")


def is_count(value: Any) -> bool:
    """Return whether `value` is a positive integer (NumPy's included, booleans not)."""
    return hasattr(value, "__index__") and not isinstance(value, bool) and int(value) > 0


def check_batch_size(batch_size: Any) -> int:
    """Return `batch_size` as an int. Raise a ValueError unless it is a positive integer."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, numbers.Integral) or batch_size < 1:
        raise ValueError(f"`batch_size` must be a positive integer. Received: batch_size={batch_size!r}")
    return int(batch_size)


def check_image_size(image_size: Any) -> tuple[int, int]:
    """Return `image_size` as (height, width). Raise a ValueError unless it is one or two positive integers."""
    size = tuple(image_size) if isinstance(image_size, Iterable) else (image_size, image_size)
    if len(size) != 2 or not all(is_count(side) for side in size):
        raise ValueError(
            "`image_size` must be two positive integers, (height, width), or one for a square. "
            f"Received: image_size={image_size}"
        )
    return int(size[0]), int(size[1])


def check_probability(name: str, value: Any) -> float:
    """Return `value` as a float. Raise a ValueError unless it is between 0 and 1."""
    if not (isinstance(value, numbers.Real) and 0 <= float(value) <= 1):
        raise ValueError(f"`{name}` is a probability, so it must be between 0 and 1. Received: {name}={value}")
    return float(value)


def check_not_negative(name: str, value: Any) -> float:
    """Return `value` as a float. Raise a ValueError if it is negative."""
    if not (isinstance(value, numbers.Real) and float(value) >= 0):
        raise ValueError(f"`{name}` must not be negative; 0 turns it off. Received: {name}={value}")
    return float(value)


def check_interval(name: str, value: Any, lowest: float, highest: float = float("inf")) -> tuple[float, float]:
    """Return `value` as (low, high). Raise a ValueError unless `lowest <= low <= high <= highest`."""
    pair = tuple(value) if isinstance(value, Iterable) else ()
    if len(pair) != 2 or not lowest <= pair[0] <= pair[1] <= highest:
        raise ValueError(
            f"`{name}` must be a pair (low, high) with {lowest} <= low <= high <= {highest}. Received: {name}={value}"
        )
    return float(pair[0]), float(pair[1])


def check_box(scale: Any, ratio: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges of a random box's share of the area (`scale`) and of its width / height (`ratio`)."""
    scale, ratio = check_interval("scale", scale, 0, 1), check_interval("ratio", ratio, 0)
    if scale[1] == 0 or ratio[0] == 0:
        raise ValueError(
            "A box needs an area: the upper end of `scale` and the lower end of `ratio` must be above 0. "
            f"Received: scale={scale}, ratio={ratio}"
        )
    return scale, ratio
