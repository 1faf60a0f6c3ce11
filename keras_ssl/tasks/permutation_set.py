import itertools
import math

import numpy as np

# For up to nine items, a 3 x 3 grid, all orders are candidates: 362 880. More items have too many orders.
MOST_ITEMS_WITH_ALL_ORDERS = 9
SAMPLED_CANDIDATES = 100_000


def permutation_set(items: int, count: int) -> np.ndarray:
    """Permutations that differ from each other in as many places as possible, chosen one by one.

    Algorithm 1 of Noroozi and Favaro 2016, "Unsupervised Learning of Visual Representations by Solving Jigsaw
    Puzzles" (https://arxiv.org/abs/1603.09246): the next permutation is the one with the largest Hamming distance
    from those already chosen. Here that is the distance from the nearest of them, and between equal ones the mean
    distance. The paper has only the mean distance. With it alone, some of a hundred orders of nine items differ in
    two places, and with both all differ in six or more. The first permutation is the identity instead of a random
    one, so the set is the same every time.

    For more than nine items the candidates are a fixed sample of all orders.

    Args:
        items: Integer of at least 2. The number of items.
        count: Integer from 2 to `items!`. The number of permutations.

    Returns:
        Integer array of shape `(count, items)`. Row k holds, for each place, the item that permutation k puts there.

    Raises:
        ValueError: If there are not so many permutations.

    Example:

    >>> import keras_ssl
    >>> keras_ssl.tasks.permutation_set(4, 4).tolist()
    [[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]]
    """
    if not 2 <= count <= math.factorial(items):
        raise ValueError(
            f"{items} items have {math.factorial(items)} permutations: take at least 2 and at most all of them. "
            f"Received: permutations={count}"
        )
    # A row per place: sums along the first axis are ten times as fast.
    candidates = np.ascontiguousarray(_candidates(items, count).T)
    nearest = np.full(candidates.shape[1], items, np.int16)
    total = np.zeros(candidates.shape[1], np.int32)
    chosen = [0]
    while len(chosen) < count:
        distance = np.sum(candidates != candidates[:, chosen[-1:]], axis=0, dtype=np.int16)
        np.minimum(nearest, distance, out=nearest)
        total += distance
        chosen.append(int(np.argmax(np.where(nearest == nearest.max(), total, -1))))
    return candidates[:, chosen].T.astype(int)


def _candidates(items, count):
    """Orders of the items, one in each row, the identity first."""
    if items <= MOST_ITEMS_WITH_ALL_ORDERS:
        orders = itertools.chain.from_iterable(itertools.permutations(range(items)))
        return np.fromiter(orders, np.int8).reshape(-1, items)
    ordered = np.tile(np.arange(items, dtype=np.int16), (max(count, SAMPLED_CANDIDATES), 1))
    return np.concatenate([ordered[:1], np.random.default_rng(0).permuted(ordered[1:], axis=1)])
