import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from keras_ssl.checks.arguments import check_choice
from keras_ssl.checks.finite import check_finite_weights
from keras_ssl.data.resize import RESIZE_MODES
from keras_ssl.export import checks
from keras_ssl.export.answers import detector_answer, segmenter_answer, without_bars
from keras_ssl.export.inference_copy import inference_copy
from keras_ssl.export.signatures import serving_module
from keras_ssl.export.write_version import write_version

# As `data.boxes` and `data.masks` have them.
_RESIZE = {"detector": ("stretch", "pad"), "segmenter": RESIZE_MODES}


def scene_model(
    model: keras.Model,
    path: str | os.PathLike[str],
    *,
    image_size: tuple[int, int] | None = None,
    resize: str = "stretch",
    metadata: Mapping[str, Any] | None = None,
    orientation: str = "exif",
) -> Path:
    """Write a detector or a segmenter as the next version of a SavedModel for TensorFlow Serving.

    The version folder has two signatures, as an encoder has that `export.saved_model` writes:

    - `serving_default` takes `images`, float32 raw pixels in `[0, 255]` of shape `(batch, height, width, channels)`,
      of any height and width. Only a model on a vision transformer takes images of one size.
    - `serve_bytes` takes `image_bytes`, strings of shape `(batch,)`: whole JPEG, PNG, GIF, BMP or WebP files of any
      size. The function of `data.boxes` and `data.masks` decodes them and resizes them to `image_size`. Models for
      other than 1 or 3 channels have no `serve_bytes`.

    For a `keras_ssl.transfer.Detector`, both return what its `predict` returns, n detections at most, best first:

    - `boxes`, float32 of shape `(batch, n, 4)`: (top, left, bottom, right) from 0 to 1, relative to the height and
      width of the image that was sent, upright if `orientation="exif"`, and without the bars of `resize="pad"`.
      A detection of `serve_bytes` that lies in the bars alone is left out.
    - `scores`, float32 of shape `(batch, n)`, in `[0, 1]`.
    - `classes`, int32 of shape `(batch, n)`, and `class_names`, strings of the same shape.

    Rows without a detection have boxes and classes of -1, the score 0 and an empty name.

    For a `keras_ssl.transfer.Segmenter`, both return `mask`, uint8 of shape `(batch, height, width)`: the class of
    each pixel. It has the size of the images that were sent, and for files that of `image_size`, with the bars of
    `resize="pad"` and without what `resize="crop"` cuts off. The names of the classes are in the manifest.

    The version folder also has `detector.keras` or `segmenter.keras`, to go on with Keras, and `manifest.json`; and,
    with `tensorflow-serving-api`, warm-up requests. It computes in float32, also after training in mixed precision.
    Everything else is as described for `export.saved_model`: a version appears complete or not at all, and is never
    overwritten; a file that is no image is an error of its request.

    Args:
        model: A `keras_ssl.transfer.Detector` or `keras_ssl.transfer.Segmenter`.
        path: String or path. Folder of all versions on a local disk, `saved_models/NAME`. Created if missing.
        image_size: Tuple `(height, width)`. Size that files are resized to: that of the training images. Defaults to
            `None`, which only a model on a vision transformer allows: its own.
        resize: String. How files are resized, as for training: `"stretch"` or `"pad"`, for a segmenter also `"crop"`.
            Defaults to `"stretch"`.
        metadata: Dict of JSON values for the manifest; `method` and `data` go to its top level. Defaults to `None`.
        orientation: String. As in `data.boxes` and `data.masks`: `"exif"` rotates files upright, `"ignore"` does
            not. Defaults to `"exif"`.

    Returns:
        A `pathlib.Path`. The new version folder: `path/1`, `path/2`, …

    Raises:
        TypeError: If `model` is neither of the two, or `metadata` is no dict of JSON values.
        ValueError: If the model cannot be saved or has weights that are NaN or infinite, an argument is not as
            described, or `path` is a file or a URL.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3))
    >>> detector = keras_ssl.transfer.Detector(encoder, classes=["red", "white"], width=16)
    >>> version = keras_ssl.export.scene_model(detector, "saved_models/blood", image_size=(96, 128))
    >>> served = keras_ssl.export.load("saved_models/blood")
    >>> file = tf.io.encode_jpeg(tf.zeros((480, 640, 3), tf.uint8)).numpy()
    >>> {name: values.shape for name, values in served.from_bytes([file]).items()}
    {'boxes': (1, 100, 4), 'class_names': (1, 100), 'classes': (1, 100), 'scores': (1, 100)}
    """
    kind, image_shape = checks.check_scene_model(model)
    check_finite_weights(model)
    checks.check_metadata(metadata)
    image_size = checks.check_serving_size(image_size, image_shape, kind)
    check_choice("resize", resize, _RESIZE[kind])
    check_choice("orientation", orientation, ("exif", "ignore"))
    checks.check_path(path)

    copy: Any = inference_copy(model)
    class_names = list(copy.class_names)
    facts = {}
    if kind == "detector":
        answer = detector_answer(copy, class_names)
    else:
        answer = segmenter_answer(copy)
        facts["ignore_class"] = copy.ignore_class
    move_back = (
        functools.partial(without_bars, image_size=image_size) if (kind, resize) == ("detector", "pad") else None
    )
    module, signatures = serving_module(answer, image_shape, image_size, resize, orientation, move_back=move_back)
    return write_version(
        path,
        module,
        signatures,
        {kind: copy},
        kind=kind,
        image_size=image_size,
        channels=image_shape[2],
        resize=resize,
        orientation=orientation,
        class_names=class_names,
        metadata=metadata,
        **facts,
    )
