import numpy as np


def evenly_spaced(items, count):
    """Up to `count` of the items of a list, evenly spread over it, the first and the last among them.

    Example:

    >>> evenly_spaced(["a", "b", "c", "d", "e"], 3)
    ['a', 'c', 'e']
    """
    return [items[index] for index in np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)]
