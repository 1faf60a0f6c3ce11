from collections.abc import Sequence
from typing import TypeVar

import numpy as np

_Item = TypeVar("_Item")


def evenly_spaced(items: Sequence[_Item], count: int) -> list[_Item]:
    """Up to `count` evenly spaced items of a list, including the first and the last.

    Example:

    >>> evenly_spaced(["a", "b", "c", "d", "e"], 3)
    ['a', 'c', 'e']
    """
    return [items[index] for index in np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)]
