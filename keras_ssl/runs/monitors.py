from typing import Any

import numpy as np

from keras_ssl.callbacks import CollapseMonitor, KNNMonitor
from keras_ssl.runs.data_source import has_labels
from keras_ssl.runs.sample import sample

# Enough to measure differences of one per cent between epochs, in a few seconds an epoch.
MONITORED_IMAGES = 5000
VALIDATION_SHARE = 0.2
NEIGHBORS = 20
# A few hundred images show whether features have collapsed.
WATCHED_IMAGES = 500


def monitors(config, model, every=1, **kwargs):
    """Callbacks that monitor a run's features: kNN accuracy if there are labels, and collapse.

    Args:
        config: Dict. The settings of the run.
        model: The method. Collapse is monitored if it compares views.
        every: Integer. Number of epochs between two measurements. Defaults to `1`.
        **kwargs: Other arguments of `KNNMonitor`.

    Yields:
        `KNNMonitor` and `CollapseMonitor`, on some of the training images.
    """
    labelled, compares_views = has_labels(config["data"]), "embedding_spread" in model.logged
    if not (labelled or compares_views):
        return
    watched = sample(config, MONITORED_IMAGES if labelled else WATCHED_IMAGES, labelled)
    if labelled:
        yield from knn_monitor(*watched, every, **kwargs)
    if compares_views:
        yield CollapseMonitor(watched[0][:WATCHED_IMAGES], every=every)


def knn_monitor(images: np.ndarray, labels: np.ndarray, every: int = 1, **kwargs: Any) -> list[KNNMonitor]:
    """Make a `KNNMonitor` that classifies a fifth of the images by their neighbors among the rest.

    Images without a label, and images of a class that the rest does not have, are left out: they cannot be scored,
    and must not end the training.

    Args:
        images: Array of shape `(n, height, width, channels)`.
        labels: Array of shape `(n,)`. Class numbers. Negative numbers mean no label: many data sets use -1, such as
            STL-10 for most of its images.
        every: Integer. Number of epochs between two measurements. Defaults to `1`.
        **kwargs: Other arguments of `KNNMonitor`.

    Returns:
        List of the monitor, or an empty list if fewer than two classes are left.
    """
    known = labels >= 0
    images, labels = images[known], labels[known]
    held_out = round(len(images) * VALIDATION_SHARE)
    neighbors = images[held_out:], labels[held_out:]
    scored = np.isin(labels[:held_out], neighbors[1])
    if not scored.any() or len(np.unique(neighbors[1])) < 2:
        return []
    validation = images[:held_out][scored], labels[:held_out][scored]
    return [KNNMonitor(neighbors, validation, every, k=min(NEIGHBORS, len(neighbors[1])), **kwargs)]
