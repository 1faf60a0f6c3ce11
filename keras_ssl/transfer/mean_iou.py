from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from keras_ssl.transfer.scene_batches import predicted_batches
from keras_ssl.transfer.scene_score import SceneScore

# Images of arrays are counted in parts, so that no copy of all of them is made.
IMAGES_AT_ONCE = 64


def mean_iou(segmenter: Any, data: Any, batch_size: int = 16) -> SceneScore:
    """Mean intersection over union (IoU) of a segmentation network, the IoU per class, and the pixel accuracy.

    See `mask_mean_iou` for what is computed.

    Args:
        segmenter: A `keras_ssl.transfer.Segmenter`, or any object with `class_names`, `ignore_class` (integer or
            None) and `predict(images)` that gives class numbers (n, height, width).
        data: A batched `tf.data.Dataset` of `(images, masks)`, or such a tuple of arrays: images
            (n, height, width, channels), raw pixels in [0, 255], and masks of class numbers (n, height, width).
            Looked at once.
        batch_size: Integer. For arrays only. Defaults to `16`.

    Returns:
        `SceneScore`, whose float is the mean IoU.

    Raises:
        ValueError: If there are no images or no masks with them, if segmenter and data set have other classes, or
            for masks that `mask_mean_iou` refuses.

    Example:

    >>> class Threshold:
    ...     class_names, ignore_class = ["dark", "bright"], None
    ...
    ...     def predict(self, images):
    ...         return (images.mean(axis=-1) > 127).astype("uint8")
    >>> images = np.random.randint(0, 256, (4, 32, 32, 3), dtype="uint8")
    >>> masks = Threshold().predict(images)
    >>> float(keras_ssl.transfer.mean_iou(Threshold(), (images, masks)))
    1.0
    """
    batches = ((predicted, masks) for predicted, masks, _ in predicted_batches(segmenter, data, batch_size))
    return _score(batches, segmenter.class_names, getattr(segmenter, "ignore_class", None))


def mask_mean_iou(
    predictions: npt.ArrayLike, masks: npt.ArrayLike, class_names: Sequence[str], ignore_class: int | None = None
) -> SceneScore:
    """Mean intersection over union (IoU) of masks in arrays.

    With the pixels of all images counted together, the IoU of a class is

        TP / (TP + FP + FN)

    true positives by all pixels that are of this class in the truth or in the prediction (Everingham et al. 2010,
    "The Pascal Visual Object Classes (VOC) Challenge", section 4.2). The mean is over the classes. A class in neither
    truth nor prediction has no IoU and is left out, as in `keras.metrics.MeanIoU`; one that is predicted, but not in
    the truth, is 0. Pixels whose true class is `ignore_class` do not count. Where `ignore_class` is predicted, the
    prediction is wrong.

    `keras.metrics.IoU` counts the pixels.

    Args:
        predictions: Integer array (n, height, width) of class numbers.
        masks: Integer array (n, height, width) of true class numbers.
        class_names: Sequence of strings, the name of each class number.
        ignore_class: Integer, the number of pixels without a label, with or without a name in `class_names`; or None.
            Defaults to `None`.

    Returns:
        `SceneScore` with the measures mean IoU and pixel accuracy, and the IoU per class, NaN where there is none,
        without the ignored class.

    Raises:
        ValueError: If the shapes differ, or for class numbers that have no name and are not `ignore_class`.

    Example:

    >>> masks = [[[0, 0, 1, 9]]]
    >>> score = keras_ssl.transfer.mask_mean_iou([[[0, 1, 1, 1]]], masks, ["sky", "road"], ignore_class=9)
    >>> print({name: round(value, 3) for name, value in score.overall.items()})
    {'mean IoU': 0.5, 'pixel accuracy': 0.667}
    """
    predictions, masks = np.asarray(predictions), np.asarray(masks)
    _check_shapes(predictions, masks)
    parts = (slice(start, start + IMAGES_AT_ONCE) for start in range(0, len(masks), IMAGES_AT_ONCE))
    return _score(((predictions[part], masks[part]) for part in parts), class_names, ignore_class)


def _score(batches: Iterable, class_names, ignore_class) -> SceneScore:
    class_names = [str(name) for name in class_names]
    numbers = [number for number in range(len(class_names)) if number != ignore_class]
    # Keras does not count pixels of numbers from `num_classes` on, so the ignored one has its row: where it is
    # predicted, the true class has lost a pixel. int64, because 2³¹ pixels are 1 000 photographs.
    metric = keras.metrics.IoU(
        num_classes=max(len(class_names), -1 if ignore_class is None else ignore_class + 1),
        target_class_ids=numbers,
        ignore_class=ignore_class,
        dtype="int64",
    )
    images = 0
    for predictions, masks in batches:
        predictions, masks = np.asarray(predictions), np.asarray(masks)
        _check_shapes(predictions, masks)
        _check_numbers(masks, "masks", class_names, ignore_class)
        _check_numbers(predictions, "predictions", class_names, ignore_class)
        metric.update_state(masks, predictions)
        images += len(masks)
    counts = keras.ops.convert_to_numpy(metric.total_cm)  # rows are true classes
    right, total = np.diag(counts), counts.sum()
    union = counts.sum(axis=0) + counts.sum(axis=1) - right
    # From the counts, because `metric.result()` gives 0 for a class that is nowhere.
    iou = np.divide(right, union, out=np.full(len(counts), np.nan), where=union > 0)[numbers]
    known = iou[~np.isnan(iou)]
    return SceneScore(
        "mean IoU",
        {
            "mean IoU": float(known.mean()) if len(known) else float("nan"),
            "pixel accuracy": float(right.sum() / total) if total else float("nan"),
        },
        {class_names[number]: {"mean IoU": float(value)} for number, value in zip(numbers, iou, strict=True)},
        "Intersection over union of each class, pixels of all images counted together, and its mean over classes. "
        + ("" if ignore_class is None else f"Pixels whose true class is {ignore_class} do not count. ")
        + "Classes in neither truth nor prediction are nan and not in the mean. Pixel accuracy is the share of "
        "pixels with the right class.",
        {"images": images, "pixels": int(total), "ignore_class": ignore_class},
    )


def _check_shapes(predictions, masks):
    if masks.ndim != 3 or predictions.shape != masks.shape:
        raise ValueError(
            "Predictions and masks must be class numbers of the same shape, (images, height, width). "
            f"Received: predictions of shape {predictions.shape} and masks of shape {masks.shape}"
        )


def _check_numbers(masks, name, class_names, ignore_class):
    if masks.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold integers, the numbers of classes. Received: {name} of {masks.dtype}")
    known = (
        np.arange(len(class_names)) if ignore_class is None else np.append(np.arange(len(class_names)), ignore_class)
    )
    unknown = np.setdiff1d(masks, known)
    if len(unknown):
        raise ValueError(
            f"{name} must hold numbers from 0 to {len(class_names) - 1}, one for each class name, or ignore_class. "
            f"Received: {name} with {unknown[:5].tolist()}, class_names={class_names}, ignore_class={ignore_class}"
        )
