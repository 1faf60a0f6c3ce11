import numpy as np


def shuffled_classes(labels, seed):
    """For each class the rows that have it, in an order that depends on the labels and the seed alone.

    The first rows of each class are a draw of labels; a larger draw contains a smaller one.
    """
    rng = np.random.default_rng(seed)
    return [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
