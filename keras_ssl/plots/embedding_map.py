from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from keras_ssl.evaluate import threads
from keras_ssl.plots.style import COLORS, GRAY, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Three, so that the pairs of alike colors get different ones, and 30 classes a look of their own.
MARKERS = "o^s"
MOST_IN_LEGEND = len(COLORS) * len(MARKERS)
# What t-SNE's authors do first, against noise and for speed (van der Maaten and Hinton 2008, section 4.2 has 30).
COMPONENTS = 50
# Unit vectors that differ less differ by rounding; of no difference at all t-SNE makes NaN, by which it crashes.
LEAST_DEVIATION = 1e-6


def embedding_map(
    features: npt.ArrayLike,
    labels: npt.ArrayLike | None = None,
    method: str = "tsne",
    class_names: Sequence[str] | None = None,
    max_points: int = 2000,
    seed: int = 0,
) -> "Figure":
    """Map of features in two dimensions: images with similar features lie close together.

    Features are normalized first, because methods and kNN compare directions. In a t-SNE map neighborhoods mean
    something; distances between groups and their sizes do not.

    Args:
        features: Float array (n, features).
        labels: Integer array (n,) to color by, or None. Defaults to `None`.
        method: `"tsne"`, or `"pca"`, which is linear and quick. Defaults to `"tsne"`.
        class_names: Sequence of str, the name of each class number, or None for the numbers. Defaults to `None`.
        max_points: Positive integer. Of more features so many are chosen at random. Defaults to `2000`.
        seed: Integer. For that choice and for t-SNE. Defaults to `0`.

    Returns:
        A `matplotlib.figure.Figure`. Of more than 30 classes there is no legend.

    Raises:
        ValueError: If there are fewer than five features, if labels differ in number, if all features have the same
            direction or some are not finite, or for an unknown method.

    Example:

    >>> features = np.random.normal(size=(100, 16))
    >>> figure = keras_ssl.plots.embedding_map(features, np.arange(100) % 3, method="pca")
    >>> figure.savefig("map.png")
    """
    features = np.asarray(features, np.float32)
    labels = np.zeros(len(features), int) if labels is None else np.asarray(labels)
    _check(features, labels, method, max_points)
    if len(features) > max_points:
        chosen = np.random.default_rng(seed).choice(len(features), max_points, replace=False)
        features, labels = features[chosen], labels[chosen]
    points = _in_two_dimensions(features, method, seed)

    figure = new_figure(7.2, 5.6)
    axes = figure.subplots()
    classes = np.unique(labels)
    # Points that would cover each other get smaller.
    size = np.clip(12_000 / len(points), 6, 60)
    for number, label in enumerate(classes):
        axes.scatter(
            *points[labels == label].T,
            s=size,
            color=_color(number, len(classes)),
            marker=MARKERS[number % len(MARKERS)],
            label=str(label if class_names is None else class_names[label]),
            alpha=0.8,
            linewidths=0,
        )
    if 1 < len(classes) <= MOST_IN_LEGEND:
        figure.legend(loc="outside right upper", frameon=False, ncols=-(-len(classes) // 20), markerscale=1.5)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#cccccc")
    axes.set_title(f"{'t-SNE' if method == 'tsne' else 'PCA'} of {len(points)} images", fontsize=11, color=GRAY)
    return figure


def _color(number, classes):
    if classes <= MOST_IN_LEGEND:
        return COLORS[number % len(COLORS)]
    from matplotlib import colormaps

    return colormaps["turbo"](number / (classes - 1))


def _in_two_dimensions(features, method, seed):
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import normalize

    components = 2 if method == "pca" else min(COMPONENTS, *features.shape)
    with threads.limit_threads(features):
        features = PCA(components, random_state=seed).fit_transform(normalize(features))
        if not features[:, 0].std() > LEAST_DEVIATION:
            raise ValueError(
                "All images have features of the same direction, so a map would be one point: they have collapsed. "
                f"Received: features that deviate by {features[:, 0].std():.2g} once they are normalized"
            )
        if method == "pca":
            return features
        perplexity = min(30, (len(features) - 1) / 3)
        return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(features)


def _check(features, labels, method, max_points):
    if method not in ("tsne", "pca"):
        raise ValueError(f"method must be 'tsne' or 'pca'. Received: method={method!r}")
    if max_points < 5:
        raise ValueError(f"max_points must be 5 or more. Received: max_points={max_points}")
    if features.ndim != 2 or len(features) < 5 or features.shape[1] < 2:
        raise ValueError(
            "A map needs a matrix of features, (images, features), of five images or more and two features or more. "
            f"Received: features of shape {features.shape}"
        )
    if labels.shape != features.shape[:1]:
        raise ValueError(
            "There must be one label per row of features. "
            f"Received: features of shape {features.shape} and labels of shape {labels.shape}"
        )
    if (features == features[0]).all():
        raise ValueError(
            "All images have the same features, so a map would be one point: they have collapsed. "
            f"Received: {len(features)} equal rows of features"
        )
    if not np.isfinite(features).all():
        raise ValueError(
            "Features must be finite numbers: the encoder diverged, or its images hold NaN. Received: features with "
            f"NaN or infinity in {int((~np.isfinite(features).all(axis=1)).sum())} of {len(features)} rows"
        )
