from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from keras_ssl.evaluate import threads
from keras_ssl.plots.style import COLORS, GRAY, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# With three markers, 30 classes look different from each other. Similar colors get different markers.
MARKERS = "o^s"
MOST_IN_LEGEND = len(COLORS) * len(MARKERS)
# Features are reduced by PCA before t-SNE, against noise and for speed, as its authors do (van der Maaten and Hinton
# 2008, section 4.2, with 30 components).
COMPONENTS = 50
# Smaller deviations of unit vectors are rounding errors. t-SNE turns equal vectors into NaN and crashes.
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

    Features are first normalized to length 1, because methods and kNN compare directions. In a t-SNE map,
    neighborhoods have a meaning; distances between groups and the sizes of groups have none.

    Args:
        features: Float array (n, features).
        labels: Integer array (n,), the class of each image, which sets its color; or None. Defaults to `None`.
        method: String. `"tsne"`, or `"pca"`, which is linear and fast. Defaults to `"tsne"`.
        class_names: Sequence of strings, the name of each class number, or None to show the numbers. Defaults to
            `None`.
        max_points: Integer of at least 5. If there are more images, so many are chosen at random. Defaults to `2000`.
        seed: Integer. Seed of that choice and of t-SNE. Defaults to `0`.

    Returns:
        A `matplotlib.figure.Figure`. It has no legend if there are more than 30 classes.

    Raises:
        ValueError: If there are fewer than five images, if there is not one label per image, if all features have the
            same direction or some are not finite, or if `method` or `max_points` is not as above.

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
    # More points are drawn smaller, so that they cover each other less.
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
                "All features have the same direction, so a map would be one point: the encoder has collapsed. "
                f"Received: features with a deviation of {features[:, 0].std():.2g} after normalization"
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
            "features must have the shape (images, features), with at least five images and two features. "
            f"Received: features of shape {features.shape}"
        )
    if labels.shape != features.shape[:1]:
        raise ValueError(
            "There must be one label per row of features. "
            f"Received: features of shape {features.shape} and labels of shape {labels.shape}"
        )
    if (features == features[0]).all():
        raise ValueError(
            "All images have the same features, so a map would be one point: the encoder has collapsed. "
            f"Received: {len(features)} equal rows of features"
        )
    if not np.isfinite(features).all():
        raise ValueError(
            "Features must be finite numbers: the training diverged, or the images contain NaN. Received: features "
            f"with NaN or infinity in {int((~np.isfinite(features).all(axis=1)).sum())} of {len(features)} rows"
        )
