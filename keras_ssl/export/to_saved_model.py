import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.checks.finite import check_finite_weights
from keras_ssl.checks.networks import check_encoder
from keras_ssl.data.decode import MAX_PIXELS
from keras_ssl.data.deep_png import check_bits
from keras_ssl.data.resize import check_resize
from keras_ssl.export import checks, versions
from keras_ssl.export.inference_copy import inference_copy
from keras_ssl.export.manifest import write_manifest
from keras_ssl.export.signatures import serving_module
from keras_ssl.export.warmup import write_warmup_requests

# Of what `data.from_directory` reads.
FILES = (
    "serve_bytes reads JPEG, PNG, GIF, BMP and WebP, not TIFF or DICOM, which Python packages read from folders: "
    "send their pixels to serving_default"
)
_NO_WARMUP = "tensorflow-serving-api is not installed: pip install keras_ssl[serving]"


def saved_model(
    encoder: keras.Model,
    path: str | os.PathLike[str],
    *,
    classifier: keras.Model | None = None,
    class_names: Sequence[str] | None = None,
    resize: str = "stretch",
    image_size: tuple[int, int] | None = None,
    metadata: Mapping[str, Any] | None = None,
    orientation: str = "exif",
    bits: int | None = None,
) -> Path:
    """Writes an encoder as the next version of a SavedModel that TensorFlow Serving serves.

    The version folder has two signatures:

    - `serving_default` takes `images`, float32 raw pixels in [0, 255] of shape (batch, height, width, channels).
    - `serve_bytes` takes `image_bytes`, strings of shape (batch,): whole JPEG, PNG, GIF, BMP or WebP files of any
      size. They are decoded and resized by the function that `data.from_directory` uses, so that training and
      serving see the same pixels: the first frame of an animation, turned as EXIF says. TIFF and DICOM files are not
      read: send their pixels to `serving_default`. Encoders of other
      than 1 or 3 channels, which such files do not hold, have no `serve_bytes`.

    Both give `embedding`, float32 of shape (batch, features), and with a classifier also `probabilities`, float32 of
    shape (batch, classes), and `class`, of shape (batch,): names if there are `class_names`, else int64 numbers. They
    compute in float32, also after training in mixed precision.

    Beside them lie `encoder.keras` (and `classifier.keras`), the same models for Keras; `manifest.json`, which says
    what this is and holds a checksum of every file; and, where `tensorflow-serving-api` is installed
    (`pip install keras_ssl[serving]`), the warm-up requests that TensorFlow Serving sends itself before it
    calls a version ready.

    A version appears complete or not at all: it is written into a hidden folder under `path`, which TensorFlow
    Serving does not look at, and then renamed. An existing version is never written over, also when two
    processes export to one `path` at once. A hidden folder that a killed process left is removed by the first export
    a day later.

    A string that is no image, or whose header states more than 50 megapixels (checked before it is decoded), is an
    `InvalidArgument` error of its request, and the server goes on. If the server batches requests
    (`--enable_batching`), requests that share a batch share that error: leave batching off for
    `serve_bytes` where clients are not trusted, or decode at the client and send `images`.

    Args:
        encoder: Built `keras.Model` from one batch of images, raw pixels in [0, 255], to features of shape (batch,
            features).
        path: Folder of all versions on a local disk, `saved_models/NAME`. Made where missing.
        classifier: Built `keras.Model` from the encoder's features to probabilities (a softmax). `None` exports the
            encoder alone. Defaults to `None`.
        class_names: List of strings in the order of the classifier's outputs. `None` serves numbers. Defaults to
            `None`.
        resize: How files become the encoder's size, as in `data.from_directory`: `"stretch"`, `"crop"` or `"pad"`.
            Defaults to `"stretch"`.
        image_size: (height, width) that files are resized to, for an encoder that takes images of any size. `None`
            means the encoder's own. Defaults to `None`.
        metadata: Dict of JSON values for the manifest; `method` and `data` stand at its top. Defaults to `None`.
        orientation: As in `data.from_directory`: `"exif"` turns files upright, `"ignore"` does not. Defaults to
            `"exif"`.
        bits: As in `data.from_directory`: how many of the 16 bits of a PNG with 16 are in use. Defaults to `None`:
            what the PNG says, or else all.

    Returns:
        The new version folder, a `pathlib.Path`: `path/1`, `path/2`, …

    Raises:
        TypeError: If `encoder`, `classifier`, `class_names` or `metadata` is of the wrong type.
        ValueError: If the models do not fit together, cannot be saved or have weights that are NaN or infinite, or
            `path` is a file or a URL.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3))
    >>> classifier = keras.Sequential([keras.Input((256,)), keras.layers.Dense(2, activation="softmax")])
    >>> version = keras_ssl.export.saved_model(
    ...     encoder, "saved_models/pets", classifier=classifier, class_names=["cat", "dog"]
    ... )
    >>> version.name
    '1'
    """
    image_shape, features = check_encoder(encoder)
    checks.check_classifier(classifier, features, class_names)
    for model in (encoder, classifier):
        if model is not None:
            check_finite_weights(model)
    checks.check_metadata(metadata)
    image_size = checks.check_serving_size(image_size, image_shape)
    check_resize(resize)
    check_bits(bits)
    checks.check_path(path)

    models = {"encoder": inference_copy(encoder)}
    if classifier is not None:
        models["classifier"] = inference_copy(classifier)
    class_names = None if class_names is None else list(class_names)
    module, signatures = serving_module(
        models["encoder"], models.get("classifier"), class_names, image_shape, image_size, resize, orientation, bits
    )

    with versions.staging(path) as folder:
        # Nothing takes a gradient of what is served.
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        with _quiet():
            tf.saved_model.save(module, str(folder), signatures=signatures, options=options)
        for name, model in models.items():
            model.save(folder / f"{name}.keras")
        warmup = write_warmup_requests(folder, _examples(signatures, image_size, image_shape[2]))
        write_manifest(
            folder,
            metadata=metadata,
            pixels={
                "range": [0, 255],
                "height": image_size[0],
                "width": image_size[1],
                "channels": image_shape[2],
                "resize": resize,
                "max_pixels": MAX_PIXELS,
                "exif_orientation": "applied" if orientation == "exif" else "ignored",
                "animation": "first frame",
                "files": FILES,
                "bits": bits or "as the PNG says, else all 16",
            },
            signatures={
                name: _described({spec.name: spec for spec in signature.structured_input_signature[0]})
                for name, signature in signatures.items()
            },
            outputs=_described(signatures["serving_default"].structured_outputs),
            class_names=class_names,
            precision="float32",
            warmup="written" if warmup else _NO_WARMUP,
        )
        return versions.publish(folder, path)


@contextlib.contextmanager
def _quiet():
    """Keeps TensorFlow from announcing a folder that is about to be renamed."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _examples(signatures, image_size, channels):
    """One gray image for each signature."""
    image = tf.fill((*image_size, channels), tf.constant(127, tf.uint8))
    examples = {"serving_default": {"images": tf.cast(image[None], tf.float32)}}
    if "serve_bytes" in signatures:
        examples["serve_bytes"] = {"image_bytes": tf.io.encode_jpeg(image)[None]}
    return examples


def _described(specs):
    """Tensor specs as JSON, with `None` for a dimension that may be any."""
    return {name: {"dtype": spec.dtype.name, "shape": list(spec.shape)} for name, spec in specs.items()}
