"""Checks of the arguments that several layers share, with errors in words."""

import numbers
from collections.abc import Iterable


def image_size(value):
    """Return `value` as a pair `(height, width)` of positive integers; one integer stands for a square."""
    pair = tuple(value) if isinstance(value, Iterable) else (value, value)
    if len(pair) != 2 or not all(isinstance(side, numbers.Integral) and side > 0 for side in pair):
        raise ValueError(
            "`image_size` must be one positive integer or a pair (height, width) of them. "
            f"Received: image_size={value}"
        )
    return int(pair[0]), int(pair[1])


def probability(name, value):
    """Return `value` as a float between 0 and 1."""
    if not (isinstance(value, numbers.Real) and 0 <= value <= 1):
        raise ValueError(f"`{name}` is a probability, so it must be between 0 and 1. Received: {name}={value}")
    return float(value)


def at_least_zero(name, value):
    """Return `value` as a float that is not negative."""
    if not (isinstance(value, numbers.Real) and value >= 0):
        raise ValueError(f"`{name}` must not be negative; 0 turns it off. Received: {name}={value}")
    return float(value)


def interval(name, value, lowest, highest=float("inf")):
    """Return `value` as a pair of floats in rising order within `[lowest, highest]`."""
    pair = tuple(value) if isinstance(value, Iterable) else ()
    if len(pair) != 2 or not lowest <= pair[0] <= pair[1] <= highest:
        raise ValueError(
            f"`{name}` must be a pair (low, high) with {lowest} <= low <= high <= {highest}. Received: {name}={value}"
        )
    return float(pair[0]), float(pair[1])


def box(scale, ratio):
    """Return the ranges of a random box's share of the area and of its width / height."""
    scale, ratio = interval("scale", scale, 0, 1), interval("ratio", ratio, 0)
    if scale[1] == 0 or ratio[0] == 0:
        raise ValueError(
            "A box needs an area: `scale` must end, and `ratio` begin, above 0. "
            f"Received: scale={scale}, ratio={ratio}"
        )
    return scale, ratio
