import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_ssl.transfer.scene_batches import predicted_batches
from keras_ssl.transfer.scene_score import SceneScore

# COCO's rule (https://cocodataset.org/#detection-eval): at most so many detections of a class per image count.
MAX_DETECTIONS = 100


def average_precision(detector: Any, data: Any, batch_size: int = 16) -> SceneScore:
    """COCO's average precision of a detector: AP, AP50 and AP75, over all classes and per class.

    A detection is right if its intersection over union (IoU) with a true box of its class reaches a threshold, and
    no detection of a higher score took that box. AP50 and AP75 are the average precisions at IoU 0.5 and 0.75, AP is
    the mean over the ten thresholds 0.50, 0.55, …, 0.95. See `box_average_precision` for what is computed.

    Args:
        detector: A `keras_ssl.transfer.Detector`, or any object with `class_names` and `predict(images)` that gives a
            dict of arrays: `"boxes"` (n, detections, 4), (top, left, bottom, right) in [0, 1], `"scores"`
            (n, detections) and `"classes"` (n, detections), -1 in rows without a detection.
        data: A batched `tf.data.Dataset` of `(images, {"boxes": …, "classes": …})`, or such a tuple of arrays: images
            (n, height, width, channels), raw pixels in [0, 255], boxes (n, objects, 4) and classes (n, objects), -1
            in rows without an object. Looked at once.
        batch_size: Integer. For arrays only. Defaults to `16`.

    Returns:
        `SceneScore`, whose float is the AP.

    Raises:
        ImportError: If pycocotools is not installed: `pip install "keras_ssl[detection]"`.
        ValueError: If there are no images or no boxes with them, if detector and data set have other classes, or for
            boxes that `box_average_precision` refuses.

    Example:

    >>> class Center:
    ...     class_names = ["cell"]
    ...
    ...     def predict(self, images):
    ...         boxes = np.tile([0.2, 0.2, 0.8, 0.8], (len(images), 1, 1))
    ...         return {"boxes": boxes, "scores": np.ones((len(images), 1)), "classes": np.zeros((len(images), 1))}
    >>> images = np.zeros((4, 32, 32, 3), "uint8")
    >>> truths = {"boxes": np.tile([0.2, 0.2, 0.8, 0.7], (4, 1, 1)), "classes": np.zeros((4, 1), "int32")}
    >>> score = keras_ssl.transfer.average_precision(Center(), (images, truths))
    >>> print({name: round(value, 3) for name, value in score.overall.items()})
    {'AP': 0.7, 'AP50': 1.0, 'AP75': 1.0}
    """
    _import_pycocotools()  # first: to predict takes long
    predictions, truths, sizes = zip(*predicted_batches(detector, data, batch_size), strict=True)
    return box_average_precision(_joined(predictions), _joined(truths), sizes[0], detector.class_names)


def box_average_precision(
    predictions: Mapping[str, npt.ArrayLike],
    truths: Mapping[str, npt.ArrayLike],
    image_size: Sequence[int],
    class_names: Sequence[str],
) -> SceneScore:
    """COCO's average precision of boxes in arrays.

    For each class and each threshold of the IoU, the detections of all images are sorted by score. The average
    precision is the mean, over the 101 recalls 0, 0.01, …, 1, of the highest precision at that recall or above, 0 for
    recalls that are not reached (Lin et al. 2014, "Microsoft COCO: Common Objects in Context",
    https://arxiv.org/abs/1405.0312; https://cocodataset.org/#detection-eval). `pycocotools` computes it.

    Args:
        predictions: Dict of arrays: `"boxes"` (n, detections, 4), (top, left, bottom, right) in relative coordinates,
            `"scores"` (n, detections) and `"classes"` (n, detections). Rows of class -1 are no detections.
        truths: Dict of arrays: `"boxes"` (n, objects, 4) and `"classes"` (n, objects). Rows of class -1 are no
            objects.
        image_size: (height, width) of the images in pixels, the unit of COCO's boxes. The IoU, and so the result,
            does not depend on it.
        class_names: Sequence of strings, the name of each class number.

    Returns:
        `SceneScore` with the measures AP, AP50 and AP75. A class without any true box is left out of the means and is
        NaN itself; a class that has true boxes and no detections is 0.

    Raises:
        ImportError: If pycocotools is not installed: `pip install "keras_ssl[detection]"`.
        ValueError: If the shapes do not fit together, for class numbers without a name, scores or boxes that are not
            finite, or true boxes without area.

    Example:

    >>> truths = {"boxes": [[[0.1, 0.1, 0.5, 0.5], [0.5, 0.5, 0.9, 0.9]]], "classes": [[0, 0]]}
    >>> found = {"boxes": [[[0.1, 0.1, 0.5, 0.5]]], "scores": [[0.9]], "classes": [[0]]}
    >>> score = keras_ssl.transfer.box_average_precision(found, truths, (64, 64), ["cell", "plate"])
    >>> print({name: round(value, 3) for name, value in score.overall.items()})  # 51 of 101 recalls are reached
    {'AP': 0.505, 'AP50': 0.505, 'AP75': 0.505}
    >>> score.per_class["plate"]["AP"]
    nan
    """
    coco, evaluation = _import_pycocotools()
    class_names = [str(name) for name in class_names]
    truths = _checked(truths, "truths", class_names)
    predictions = _checked(predictions, "predictions", class_names)
    images = len(truths["classes"])
    if len(predictions["classes"]) != images:
        raise ValueError(
            "There must be predictions for each image. "
            f"Received: truths of {images} images and predictions of {len(predictions['classes'])}"
        )
    size = tuple(int(side) for side in image_size)
    # pycocotools tells on standard output what it does.
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator = evaluation.COCOeval(
            _annotations(coco.COCO(), truths, size, class_names),
            _annotations(coco.COCO(), predictions, size, class_names),
            "bbox",
        )
        parameters = evaluator.params
        parameters.areaRng, parameters.areaRngLbl = parameters.areaRng[:1], parameters.areaRngLbl[:1]  # all areas
        parameters.maxDets = [MAX_DETECTIONS]
        evaluator.evaluate()
        evaluator.accumulate()
    # (thresholds, recalls, classes), -1 for classes without true boxes.
    precision = evaluator.eval["precision"][..., 0, 0]
    averages = np.where((precision < 0).any(axis=1), np.nan, precision.mean(axis=1))
    at = {f"AP{round(100 * threshold)}": row for threshold, row in zip(parameters.iouThrs, averages, strict=True)}
    measures = {"AP": averages.mean(axis=0), "AP50": at["AP50"], "AP75": at["AP75"]}
    return SceneScore(
        "AP",
        {name: _mean(values) for name, values in measures.items()},
        {
            class_name: {name: float(values[number]) for name, values in measures.items()}
            for number, class_name in enumerate(class_names)
        },
        "COCO's average precision of boxes: AP is the mean over IoU 0.50 to 0.95 in steps of 0.05, AP50 and AP75 are "
        "at 0.50 and 0.75; precision at 101 recalls; objects of all sizes; at most "
        f"{MAX_DETECTIONS} detections of a class per image. Classes without a true box are nan and not in the mean.",
        {
            "images": images,
            "objects": int((truths["classes"] >= 0).sum()),
            "image_size": list(size),
            "max_detections": MAX_DETECTIONS,
        },
    )


def _import_pycocotools():
    try:
        from pycocotools import coco, cocoeval
    except ImportError as error:
        raise ImportError(
            'Average precision is computed by pycocotools, which is not installed: pip install "keras_ssl[detection]"'
        ) from error
    return coco, cocoeval


def _joined(batches):
    """One dict of arrays of several, whose rows of boxes are padded to the same number."""
    rows = max(np.shape(batch["classes"])[1] for batch in batches)

    def padded(array):
        array = np.asarray(array)
        return np.pad(array, [(0, 0), (0, rows - array.shape[1]), *[(0, 0)] * (array.ndim - 2)], constant_values=-1)

    return {key: np.concatenate([padded(batch[key]) for batch in batches]) for key in batches[0]}


def _checked(boxes, name, class_names):
    """The dict as arrays, after checks of shapes and values."""
    keys = ("boxes", "classes") if name == "truths" else ("boxes", "classes", "scores")
    if not isinstance(boxes, Mapping) or not set(keys) <= set(boxes):
        received = sorted(boxes) if isinstance(boxes, Mapping) else type(boxes).__name__
        raise ValueError(f"{name} must be a dict of arrays with the keys {', '.join(keys)}. Received: {received}")
    arrays = {key: np.asarray(boxes[key], np.int64 if key == "classes" else np.float64) for key in keys}
    shape = arrays["classes"].shape
    if len(shape) != 2 or any(arrays[key].shape != (*shape, 4)[: 3 if key == "boxes" else 2] for key in keys):
        raise ValueError(
            f"{name} must be boxes of shape (images, rows, 4), with a class, and a prediction with a score, for "
            f"each. Received: {', '.join(f'{key} of shape {array.shape}' for key, array in arrays.items())}"
        )
    classes, rows = arrays["classes"], arrays["classes"] >= 0
    if classes.size and (classes.max() >= len(class_names) or classes.min() < -1):
        raise ValueError(
            f"{name} must have classes from 0 to {len(class_names) - 1}, one for each of the class names, and -1 for "
            f"rows without an object. Received: classes from {classes.min()} to {classes.max()} and "
            f"class_names={class_names}"
        )
    for key in keys:
        finite = np.isfinite(arrays[key])
        broken = rows & ~(finite.all(axis=-1) if key == "boxes" else finite)
        if broken.any():
            raise ValueError(
                f"The {key} of {name} must be finite numbers. Received: {arrays[key][broken][0]} for image "
                f"{np.argwhere(broken)[0, 0]}"
            )
    sides = arrays["boxes"][..., 2:] - arrays["boxes"][..., :2]
    flat = rows & (sides <= 0).any(axis=-1)
    if name == "truths" and flat.any():
        raise ValueError(
            "A true box must have an area: boxes are (top, left, bottom, right), the bottom after the top and the "
            f"right after the left. Received: {arrays['boxes'][flat][0].tolist()} for image {np.argwhere(flat)[0, 0]}"
        )
    return arrays


def _annotations(index, boxes, size, class_names):
    """Fills an empty `COCO` index with boxes in pixels. Numbers of annotations begin at 1: 0 means no match."""
    top, left, bottom, right = np.moveaxis(boxes["boxes"] * np.array([*size, *size]), -1, 0)
    # A predicted box whose bottom is above its top has no area, and so matches nothing.
    height, width = np.maximum(bottom - top, 0), np.maximum(right - left, 0)
    index.dataset = {
        "images": [{"id": number} for number in range(len(boxes["classes"]))],
        "categories": [{"id": number, "name": name} for number, name in enumerate(class_names)],
        "annotations": [
            {
                "id": identity,
                "image_id": int(image),
                "category_id": int(boxes["classes"][image, row]),
                "bbox": [float(part[image, row]) for part in (left, top, width, height)],
                "area": float(width[image, row] * height[image, row]),
                "iscrowd": 0,
                **({"score": float(boxes["scores"][image, row])} if "scores" in boxes else {}),
            }
            for identity, (image, row) in enumerate(np.argwhere(boxes["classes"] >= 0), start=1)
        ],
    }
    index.createIndex()
    return index


def _mean(values):
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
