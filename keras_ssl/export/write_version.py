import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_ssl.data.decode import MAX_PIXELS
from keras_ssl.export import versions
from keras_ssl.export.manifest import write_manifest
from keras_ssl.export.warmup import write_warmup_requests

# Which of the files that `data.from_directory` reads can be served.
FILES = (
    "serve_bytes reads JPEG, PNG, GIF, BMP and WebP, not TIFF or DICOM, which Python packages read from folders: "
    "send their pixels to serving_default"
)
_NO_WARMUP = "tensorflow-serving-api is not installed: pip install keras_ssl[serving]"


def write_version(
    path: str | os.PathLike[str],
    module: tf.Module,
    signatures: Mapping[str, Any],
    models: Mapping[str, keras.Model],
    *,
    image_size: Sequence[int],
    channels: int,
    resize: str,
    orientation: str,
    bits: int | None = None,
    class_names: Sequence[str] | None,
    metadata: Mapping[str, Any] | None,
    **facts: Any,
) -> Path:
    """Write a served graph, the Keras models that it was made from, warm-up requests and the manifest as a version.

    The version appears complete or not at all.

    Args:
        path: String or path. Folder of all versions. Created if missing.
        module: The `tf.Module` that owns the variables of the graph.
        signatures: Dict from name to signature, as `serving_module` gives it.
        models: Dict from name to `keras.Model`: what becomes `NAME.keras`.
        image_size: Tuple `(height, width)`. Size that files are resized to.
        channels: Integer. Channels of the images.
        resize: String. How files are resized.
        orientation: String. `"exif"` or `"ignore"`.
        bits: Integer or `None`. How many of the 16 bits of a 16-bit PNG are used. Defaults to `None`.
        class_names: List of strings, or `None`.
        metadata: Dict of JSON values from the user, or `None`.
        **facts: Further entries of the manifest, JSON values.

    Returns:
        A `pathlib.Path`. The new version folder.
    """
    with versions.staging(path) as folder:
        # A served model needs no gradients.
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        with _quiet():
            tf.saved_model.save(module, str(folder), signatures=signatures, options=options)
        for name, model in models.items():
            model.save(folder / f"{name}.keras")
        warmup = write_warmup_requests(folder, _examples(signatures, image_size, channels))
        write_manifest(
            folder,
            metadata=metadata,
            **facts,
            pixels={
                "range": [0, 255],
                "height": image_size[0],
                "width": image_size[1],
                "channels": channels,
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
    """Context in which TensorFlow does not log the folder, which is renamed later."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _examples(signatures, image_size, channels):
    """Return a gray image as input for each signature."""
    image = tf.fill((*image_size, channels), tf.constant(127, tf.uint8))
    examples = {"serving_default": {"images": tf.cast(image[None], tf.float32)}}
    if "serve_bytes" in signatures:
        examples["serve_bytes"] = {"image_bytes": tf.io.encode_jpeg(image)[None]}
    return examples


def _described(specs):
    """Return tensor specs as JSON, with `None` for a dimension of any size."""
    return {name: {"dtype": spec.dtype.name, "shape": list(spec.shape)} for name, spec in specs.items()}
