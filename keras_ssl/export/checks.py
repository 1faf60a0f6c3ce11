import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ssl.checks.arguments import check_image_size

_PROBABILITY_TOLERANCE = 1e-3


def check_serving_size(image_size: Any, image_shape: tuple[int | None, ...], name: str) -> tuple[Any, ...]:
    """Return the (height, width) that files are resized to: the network's, or `image_size` if it takes any.

    Args:
        image_size: The argument.
        image_shape: Tuple `(height, width, channels)` that the network takes, with `None` for a side of any length.
        name: String. What the network is: `"encoder"`, `"detector"` or `"segmenter"`.
    """
    own = image_shape[:2]
    size = own if image_size is None else check_image_size(image_size)
    if None in size:
        raise ValueError(
            f"The {name} takes images of any size, but files must be resized to a single one: pass "
            "`image_size=(height, width)`, the size of the training images. "
            f"Received: image_size=None, {name} with input shape {(None, *image_shape)}"
        )
    if any(side not in (None, given) for side, given in zip(own, size, strict=True)):
        raise ValueError(
            f"`image_size` must be the {name}'s own, {own}, or left out. Received: image_size={image_size}"
        )
    return size


def check_scene_model(model: Any) -> tuple[str, tuple[int | None, ...]]:
    """Check that `model` is a detector or a segmenter.

    Returns:
        `"detector"` or `"segmenter"`, and the shape `(height, width, channels)` of its images, with `None` for a side
        of any length.
    """
    parts = ("class_names", "encoder", "pyramid")
    if not isinstance(model, keras.Model) or not all(hasattr(model, part) for part in parts):
        hint = " An encoder is exported by `export.saved_model`." if isinstance(model, keras.Model) else ""
        raise TypeError(
            "`model` must be a keras_ssl.transfer.Detector or a keras_ssl.transfer.Segmenter."
            f"{hint} Received: model={model!r} of type {type(model).__name__}"
        )
    return "segmenter" if hasattr(model, "classify") else "detector", tuple(model.pyramid.input_shape[1:])


def refuse_scene_model(encoder: Any) -> None:
    """Raise a ValueError if `encoder` is a detector or a segmenter."""
    if hasattr(encoder, "class_names") and hasattr(encoder, "pyramid"):
        raise ValueError(
            "`encoder` is a detector or a segmenter: `export.scene_model` exports those. "
            f"Received: encoder={encoder!r} of type {type(encoder).__name__}"
        )


def check_classifier(classifier: Any, features: int, class_names: Sequence[str] | None) -> None:
    """Check that `classifier` maps the encoder's features to the probabilities of `class_names`."""
    if classifier is None:
        if class_names is not None:
            raise ValueError(
                "`class_names` are the classes of a classifier: pass `classifier` too. "
                f"Received: classifier=None, class_names={class_names!r}"
            )
        return
    if not isinstance(classifier, keras.Model):
        raise TypeError(
            "`classifier` must be a keras.Model from features to probabilities. "
            f"Received: classifier={classifier!r} of type {type(classifier).__name__}"
        )
    shape = _input_shape(classifier, "classifier", "a batch of features")
    if len(shape) != 2 or shape[1] != features:
        raise ValueError(
            f"`classifier` must take the encoder's features. It takes inputs of shape {shape}, but the encoder gives "
            f"(batch, {features}). Received: classifier={classifier!r}"
        )
    probabilities = np.asarray(
        keras.ops.cast(
            classifier(np.random.default_rng(0).normal(size=(8, features)).astype("float32"), training=False),
            "float32",
        )
    )
    sums = probabilities.sum(axis=-1)
    if probabilities.ndim != 2 or probabilities.min() < 0 or not np.allclose(sums, 1, atol=_PROBABILITY_TOLERANCE):
        raise ValueError(
            "`classifier` must give probabilities of shape (batch, classes) with rows that sum to 1: end it with "
            f"a softmax. Received: classifier={classifier!r} with outputs of shape {probabilities.shape} and sums "
            f"{np.ravel(sums)[:3]}"
        )
    if class_names is not None:
        _check_class_names(class_names, probabilities.shape[1])


def check_path(path: str | os.PathLike[str]) -> None:
    """Check that a folder can be made at `path`."""
    if "://" in str(path):
        raise ValueError(
            "`path` must be on a local disk, where renaming is atomic. Export there, then copy the version folder. "
            f"Received: path={str(path)!r}"
        )
    if any(part.is_file() for part in (Path(path), *Path(path).parents)):
        raise ValueError(
            f"`path` must be a folder, not a file; a missing folder is created. Received: path={str(path)!r}"
        )


def check_metadata(metadata: Any) -> None:
    """Check that `metadata` can be written into the manifest."""
    if metadata is None:
        return
    if not isinstance(metadata, dict):
        raise TypeError(f"`metadata` must be a dict. Received: metadata={metadata!r}")
    try:
        json.dumps(metadata, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise type(error)(
            "`metadata` must be JSON: dicts, lists, strings, finite numbers, booleans and None. "
            f"The error was: {error}. Received: metadata={metadata!r}"
        ) from error


def _check_class_names(class_names, classes):
    if isinstance(class_names, str) or not all(isinstance(name, str) for name in class_names):
        raise TypeError(f"`class_names` must be a list of strings. Received: class_names={class_names!r}")
    if len(class_names) != classes:
        raise ValueError(
            f"`class_names` must have a name for each of the classifier's {classes} classes, in order. "
            f"Received: {len(class_names)} names, class_names={class_names!r}"
        )


def _input_shape(model, name, takes):
    """The input shape of a built model with one input."""
    if not model.built:
        raise ValueError(
            f"`{name}` has no weights yet. Call it once on {takes}, or begin it with a `keras.Input`. "
            f"Received: {name}={model!r}"
        )
    try:
        shape = model.input_shape
    except AttributeError:
        raise ValueError(
            f"`{name}` must know its input shape. Build it with the functional API, or put it after a `keras.Input` "
            f"in a `keras.Sequential`. Received: {name}={model!r}"
        ) from None
    if not isinstance(shape, tuple):
        raise ValueError(f"`{name}` must have one input, {takes}. Received: {name}={model!r} with inputs {shape}")
    return shape
