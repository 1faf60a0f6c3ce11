from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from keras_ssl.checks.arguments import check_count, check_positive
from keras_ssl.checks.images import check_image_array
from keras_ssl.plots.class_colors import class_colors, class_legend
from keras_ssl.plots.image_grid import draw_image
from keras_ssl.plots.scene_figure import scene_figure
from keras_ssl.transfer import mask_mean_iou

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Pixels without a label, and right pixels in the picture of the errors.
IGNORED_COLOR = (0.0, 0.0, 0.0)
RIGHT_COLOR = (0.93, 0.93, 0.93)


def masks(
    images: npt.ArrayLike,
    truths: npt.ArrayLike,
    predictions: npt.ArrayLike,
    class_names: Sequence[str],
    ignore_class: int | None = None,
    count: int = 4,
    width: float = 2.6,
) -> "Figure":
    """Images, their true masks, the predicted ones and the errors, the worst images first.

    The worst image has the lowest mean intersection over union (IoU), counted for each image alone over the classes
    that are in its truth or in its prediction (`keras_ssl.transfer.mask_mean_iou`). It stands over the prediction. An
    image without any labelled pixel comes last.

    In the last column wrong pixels have the color of their true class, right ones are light gray. Pixels without a
    label are black in the truth and in the errors.

    Args:
        images: Array (n, height, width, channels), raw pixels in [0, 255].
        truths: Integer array (n, height, width) of class numbers.
        predictions: Integer array (n, height, width), what `predict(images)` of a
            `keras_ssl.transfer.Segmenter` gave.
        class_names: Sequence of strings, the name of each class number.
        ignore_class: Integer, the number of pixels without a label, or None. Defaults to `None`.
        count: Positive integer. The most images to draw. Defaults to `4`.
        width: Positive float. The width of a picture in inches. Defaults to `2.6`.

    Returns:
        A `matplotlib.figure.Figure`, a row for each image. The legend names the classes that are drawn.

    Raises:
        ValueError: If there are no images, if the shapes do not fit together, for a number that has no name and is
            not `ignore_class`, or if `count` or `width` is out of its range.

    Example:

    >>> truths = (images.mean(axis=-1) > 127).astype("uint8")
    >>> figure = keras_ssl.plots.masks(images, truths, np.ones_like(truths), ["dark", "bright"])
    >>> figure.savefig("masks.png")
    """
    images, truths, predictions = check_image_array(images, "images"), np.asarray(truths), np.asarray(predictions)
    check_count("count", count)
    check_positive("width", width)
    for name, array in (("truths", truths), ("predictions", predictions)):
        if array.shape != images.shape[:3]:
            raise ValueError(
                f"There must be one mask per image, of its height and width, {images.shape[:3]}. "
                f"Received: {name} of shape {array.shape}"
            )
    ious = np.array(
        [
            float(mask_mean_iou(prediction[None], truth[None], class_names, ignore_class))
            for prediction, truth in zip(predictions, truths, strict=True)
        ]
    )
    worst = np.argsort(ious, kind="stable")[:count]  # NaN comes last

    # The last color is that of ignored pixels.
    colors = np.vstack([class_colors(len(class_names)), IGNORED_COLOR])
    figure, axes = scene_figure(len(worst), 4, images.shape[1:], width)
    for axis, title in zip(axes[0], ("image", "truth", "prediction", "errors"), strict=True):
        axis.set_title(title, fontsize=10, pad=3)
    for row, image in zip(axes, worst, strict=True):
        truth, prediction = (
            _with_ignored(array[image], ignore_class, len(class_names)) for array in (truths, predictions)
        )
        wrong = (truth != prediction) | (truth == len(class_names))
        errors = np.where(wrong[..., None], colors[truth], RIGHT_COLOR)
        draw_image(row[0], images[image])
        for axis, picture in zip(row[1:], (colors[truth], colors[prediction], errors), strict=True):
            draw_image(axis, 255 * picture)
        row[2].set_xlabel(f"mean IoU {ious[image]:.2f}", fontsize=9, labelpad=2)
    shown = [truths[worst], predictions[worst]]
    _legend(figure, class_names, colors, np.unique(shown), ignore_class)
    return figure


def _with_ignored(mask, ignore_class, number):
    """The mask with `number` in place of the ignored class."""
    return mask if ignore_class is None else np.where(mask == ignore_class, number, mask.astype(int))


def _legend(figure, class_names, colors, drawn, ignore_class):
    from matplotlib.patches import Patch

    numbers = [number for number in drawn if number != ignore_class]
    extra = [Patch(color=RIGHT_COLOR, label="right")]
    if ignore_class in drawn:
        extra.append(Patch(color=IGNORED_COLOR, label="no label"))
    class_legend(figure, [str(class_names[number]) for number in numbers], colors[numbers], extra)
