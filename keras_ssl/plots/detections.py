from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from keras_ssl.checks.arguments import check_count, check_positive, check_probability
from keras_ssl.checks.images import check_image_array
from keras_ssl.losses import box_iou
from keras_ssl.plots.class_colors import class_colors, class_legend
from keras_ssl.plots.image_grid import draw_image
from keras_ssl.plots.scene_figure import scene_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The IoU from which on a detection has found an object, as in AP50.
FOUND = 0.5


def detections(
    images: npt.ArrayLike,
    truths: Mapping[str, npt.ArrayLike],
    predictions: Mapping[str, npt.ArrayLike],
    class_names: Sequence[str],
    count: int = 4,
    min_score: float = 0.3,
    width: float = 4.5,
) -> "Figure":
    """Images with their true boxes, and beside them with the predicted ones, the worst images first.

    A prediction is right if its intersection over union (IoU) with a true box of its class is 0.5 or more, and no
    prediction of a higher score has taken that box. Wrong predictions, and true boxes that were not found, are
    dashed. The worst image has the lowest

        F1 = 2 · right / (predictions + true boxes)

    over its title; an image without either has F1 = 1. Of images with the same F1 the one with more errors is worse.

    Args:
        images: Array (n, height, width, channels), raw pixels in [0, 255].
        truths: Dict of arrays: `"boxes"` (n, objects, 4), (top, left, bottom, right) in relative coordinates, and
            `"classes"` (n, objects), -1 in rows without an object.
        predictions: Dict of arrays, what `predict(images)` of a `keras_ssl.transfer.Detector` gave: `"boxes"`
            (n, detections, 4), `"scores"` (n, detections) and `"classes"` (n, detections), -1 in rows without a
            detection.
        class_names: Sequence of strings, the name of each class number.
        count: Positive integer. The most images to draw. Defaults to `4`.
        min_score: Float in [0, 1]. Predictions of a lower score are neither drawn nor counted. Defaults to `0.3`.
        width: Positive float. The width of a picture in inches. Defaults to `4.5`.

    Returns:
        A `matplotlib.figure.Figure`, a row for each image.

    Raises:
        ValueError: If there are no images, if the arrays do not fit together, for a class number without a name, or
            if `count`, `min_score` or `width` is out of its range.

    Example:

    >>> truths = {"boxes": np.tile([0.2, 0.2, 0.8, 0.8], (16, 1, 1)), "classes": np.zeros((16, 1), "int32")}
    >>> predictions = {**truths, "scores": np.full((16, 1), 0.9)}
    >>> figure = keras_ssl.plots.detections(images, truths, predictions, ["cell"], count=2)
    >>> figure.savefig("detections.png")
    """
    images = check_image_array(images, "images")
    check_count("count", count)
    check_probability("min_score", min_score)
    check_positive("width", width)
    truths = _checked(truths, "truths", ("boxes", "classes"), images, class_names)
    predictions = _checked(predictions, "predictions", ("boxes", "classes", "scores"), images, class_names)
    true = [_rows(truths, image, truths["classes"][image] >= 0) for image in range(len(images))]
    predicted = [
        _rows(predictions, image, (predictions["classes"][image] >= 0) & (predictions["scores"][image] >= min_score))
        for image in range(len(images))
    ]
    matches = [_match(*pair) for pair in zip(true, predicted, strict=True)]
    errors = np.array([sum((~found).sum() for found in pair) for pair in matches])
    boxes = np.array([sum(len(found) for found in pair) for pair in matches])
    f1 = 1 - errors / np.maximum(boxes, 1)
    worst = np.lexsort((-errors, f1))[:count]

    colors = class_colors(len(class_names))
    figure, axes = scene_figure(len(worst), 2, images.shape[1:], width)
    for (left, right), image in zip(axes, worst, strict=True):
        found, is_right = matches[image]
        left.set_title(f"truth: {found.sum()} of {len(found)} found", fontsize=9, pad=3)
        right.set_title(
            f"predicted: {is_right.sum()} of {len(is_right)} right, F1 {f1[image]:.2f}", fontsize=9, pad=3
        )
        for axis, objects, solid in ((left, true[image], found), (right, predicted[image], is_right)):
            draw_image(axis, images[image])
            _draw_boxes(axis, objects, solid, images.shape[1:3], class_names, colors)
    class_legend(figure, class_names, colors, _line_styles())
    return figure


def _rows(boxes, image, kept):
    return {key: array[image][kept] for key, array in boxes.items()}


def _match(true, predicted):
    """Whether each true box was found, and whether each prediction is right: two boolean arrays."""
    found, right = np.zeros(len(true["classes"]), bool), np.zeros(len(predicted["classes"]), bool)
    if not len(found) or not len(right):
        return found, right
    boxes, others = np.broadcast_arrays(predicted["boxes"][:, None], true["boxes"][None])
    ious = box_iou(boxes, others).numpy()
    ious[predicted["classes"][:, None] != true["classes"][None]] = 0
    for row in np.argsort(-predicted["scores"], kind="stable"):
        free = np.where(found, 0, ious[row])
        best = free.argmax()
        found[best] |= free[best] >= FOUND
        right[row] = free[best] >= FOUND
    return found, right


def _draw_boxes(axis, objects, solid, size, class_names, colors):
    """Draws boxes with their class names and, where there are any, their scores above them."""
    from matplotlib.patches import Rectangle

    height, width = size
    # With many boxes smaller words cover less of the image.
    fontsize = 7.5 if len(solid) <= 8 else 6
    # Pixels are centered at whole numbers, so an image begins at -0.5.
    corners = objects["boxes"] * [height, width, height, width] - 0.5
    for row, (top, left, bottom, right) in enumerate(corners):
        color = colors[objects["classes"][row]]
        axis.add_patch(
            Rectangle(
                (left, top),
                right - left,
                bottom - top,
                fill=False,
                edgecolor=color,
                linewidth=1.5,
                linestyle="-" if solid[row] else (0, (3, 2)),
            )
        )
        name = str(class_names[objects["classes"][row]])
        # Inside the box at the upper edge of the image, and to the left of its right side at the right edge, where
        # the words would be cut off.
        at_right, at_top = left > 0.75 * width, top < 0.05 * height
        axis.text(
            min(right, width - 1) if at_right else max(left, 0),
            max(top, 0),
            f"{name} {objects['scores'][row]:.2f}" if "scores" in objects else name,
            fontsize=fontsize,
            color="white" if np.dot(color, [0.299, 0.587, 0.114]) < 0.6 else "black",
            horizontalalignment="right" if at_right else "left",
            verticalalignment="top" if at_top else "bottom",
            bbox={"facecolor": color, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
            clip_on=True,
        )


def _line_styles():
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color="#555555", label="right"),
        Line2D([], [], color="#555555", linestyle=(0, (3, 2)), label="wrong, or not found"),
    ]


def _checked(boxes, name, keys, images, class_names):
    if not isinstance(boxes, Mapping) or not set(keys) <= set(boxes):
        received = sorted(boxes) if isinstance(boxes, Mapping) else type(boxes).__name__
        raise ValueError(f"{name} must be a dict of arrays with the keys {', '.join(keys)}. Received: {received}")
    arrays = {key: np.asarray(boxes[key], np.int64 if key == "classes" else np.float32) for key in keys}
    shape = arrays["classes"].shape
    if (
        len(shape) != 2
        or shape[0] != len(images)
        or any(array.shape != (shape + (4,) * (key == "boxes")) for key, array in arrays.items())
    ):
        raise ValueError(
            f"{name} must be boxes of shape ({len(images)}, rows, 4), all else of shape ({len(images)}, rows), one "
            f"for each image. Received: {', '.join(f'{key} of shape {array.shape}' for key, array in arrays.items())}"
        )
    if arrays["classes"].size and arrays["classes"].max() >= len(class_names):
        raise ValueError(
            f"Every class needs a name. Received: {name} with class {arrays['classes'].max()} and "
            f"class_names={list(class_names)}"
        )
    return arrays
