from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import tensorflow as tf

from keras_ssl.checks.images import check_image_array
from keras_ssl.plots.image_grid import grid_of_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def views(augmenter: Any, images: npt.ArrayLike, views: int = 2, seed: int = 0) -> "Figure":
    """Images beside random views of them, as a method sees them in training.

    Look at this before training. In each view you should still recognize what the features are meant to distinguish.

    Args:
        augmenter: A `keras_ssl.augment.Augmenter`, or a method, which has one. A `keras_ssl.augment.MultiCrop` makes
            several crops at a time; all of them are drawn, the large ones first.
        images: Array (n, height, width, channels), raw pixels in [0, 255]. Each image gets a row.
        views: Positive integer. Views per image, if the augmenter makes one at a time. Defaults to `2`.
        seed: Integer. The same seed draws the same views. Defaults to `0`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `images` is not an array of images, or `views` is not positive.

    Example:

    >>> images = np.random.uniform(0, 255, (8, 32, 32, 3))
    >>> figure = keras_ssl.plots.views(keras_ssl.augment.simclr((32, 32)), images)
    >>> figure.savefig("views.png")
    """
    images = check_image_array(images, "images")
    if views < 1:
        raise ValueError(f"views must be a positive integer. Received: views={views}")
    augmenter = getattr(augmenter, "augmenter", augmenter)
    drawn = _draw(augmenter, images, views, seed)
    return grid_of_columns({"image": images} | {f"view {view}": batch for view, batch in enumerate(drawn, start=1)})


def _draw(augmenter, images, views, seed):
    """Return a list of batches of views; a single draw of an augmenter that makes several views at a time."""
    first, *others = (augmenter(images, seed=tf.constant([seed, view], tf.int32)) for view in range(views))
    if not isinstance(first, tuple):
        return [first, *others]
    return [view for crops in first for view in tf.split(crops, len(crops) // len(images))]
