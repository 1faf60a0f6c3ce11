import numpy as np

from keras_ssl.callbacks import CollapseMonitor, KNNMonitor
from keras_ssl.runs.data_source import has_labels
from keras_ssl.runs.sample import sample

# Enough for a monitor to tell epochs apart by one per cent, little enough to cost a few seconds an epoch.
MONITORED_IMAGES = 5000
VALIDATION_SHARE = 0.2
NEIGHBORS = 20
# Some hundred tell whether features have collapsed.
WATCHED_IMAGES = 500


def monitors(config, model, every=1, **kwargs):
    """Callbacks that monitor a run's features: kNN accuracy if there are labels, and collapse.

    Args:
        config: the settings of the run.
        model: the method; one that compares views may collapse.
        every: int, epochs from one look to the next. Defaults to 1.
        **kwargs: further arguments of `KNNMonitor`.

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


def knn_monitor(images, labels, every=1, **kwargs):
    """A `KNNMonitor` that scores a fifth of the images by the rest.

    What cannot be scored must end no training: images without a label and classes of a single image are left out.

    Args:
        images: array (n, height, width, channels).
        labels: array (n,) of class numbers; many data sets mark by -1 what has none, such as most of STL-10.
        every: int, epochs from one look to the next. Defaults to 1.
        **kwargs: further arguments of `KNNMonitor`.

    Returns:
        List of the one monitor, or of none where less than two classes are left.
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
