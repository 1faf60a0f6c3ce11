import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from keras_ssl.export import versions
from keras_ssl.export.manifest import verify


def load(path: str | os.PathLike[str]) -> "SavedNetwork":
    """Load an exported encoder, detector or segmenter for use from Python, after checking its files.

    It runs the graph that TensorFlow Serving runs. To build on the model with Keras, load `encoder.keras`,
    `detector.keras` or `segmenter.keras` from the same folder with `keras.saving.load_model` instead.

    The graph of a SavedModel can read and write files, so load only models from people you trust. A checksum detects
    damage, not malice.

    Args:
        path: String or path. The folder that `export.saved_model` or `export.scene_model` wrote into, whose newest
            version is loaded, or a version folder in it.

    Returns:
        A `SavedEncoder`, `SavedDetector` or `SavedSegmenter`.

    Raises:
        ValueError: If there is no exported model, or it is incomplete or changed.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((32, 32, 3))
    >>> version = keras_ssl.export.saved_model(encoder, "saved_models/cats")
    >>> served = keras_ssl.export.load("saved_models/cats")
    >>> served(np.zeros((2, 32, 32, 3)))["embedding"].shape
    (2, 256)
    """
    version = versions.find(path)
    manifest = verify(version)
    # Encoders of earlier versions of the package do not say what they are.
    kind = {"detector": SavedDetector, "segmenter": SavedSegmenter}.get(manifest.get("kind"), SavedEncoder)
    return kind(version, manifest)


class SavedNetwork:
    """Base class of exported networks, from images or image files to a dict of arrays.

    Args:
        path: A `pathlib.Path`. The version folder.
        manifest: Dict. Its manifest.

    Attributes:
        path: The version folder.
        manifest: The manifest.
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest
        # The signatures keep only weak references to their variables, so the whole model is kept.
        self._model = tf.saved_model.load(str(path))

    def __call__(self, images: npt.ArrayLike) -> dict[str, np.ndarray]:
        """Compute the answer to images as arrays.

        Args:
            images: Array of shape `(batch, height, width, channels)`, raw pixels in `[0, 255]`, any dtype.

        Returns:
            Dict of NumPy arrays, which the class describes.
        """
        return self._serve("serving_default", images=tf.cast(images, tf.float32))

    def from_bytes(self, image_bytes: Sequence[bytes]) -> dict[str, np.ndarray]:
        """Compute the answer to encoded images.

        Args:
            image_bytes: List of `bytes`. Each is a JPEG, PNG, GIF, BMP or WebP file with an image of any size.

        Returns:
            Dict of NumPy arrays, as for arrays.

        Raises:
            tf.errors.InvalidArgumentError: If one of them is not an image, or has too many pixels.
        """
        return self._serve("serve_bytes", image_bytes=tf.constant(image_bytes, tf.string))

    def _serve(self, signature, **inputs):
        outputs = self._model.signatures[signature](**inputs)
        return {name: _decoded(outputs[name].numpy()) for name in sorted(outputs)}

    def __repr__(self):
        return f"<{type(self).__name__} path={str(self.path)!r}>"


class SavedEncoder(SavedNetwork):
    """Exported encoder, from images or image files to features. Created by `export.load`.

    Call it with arrays, or `from_bytes` with files. Both return a dict of NumPy arrays: `embedding` of shape
    `(batch, features)`, and with a classifier `probabilities` of shape `(batch, classes)` and `class` of shape
    `(batch,)`, names or numbers.

    Attributes:
        path: The version folder.
        manifest: The manifest.
    """


class SavedDetector(SavedNetwork):
    """Exported detector, from images or image files to boxes. Created by `export.load`.

    Call it with arrays, or `from_bytes` with files. Both return a dict of NumPy arrays: `boxes` of shape
    `(batch, n, 4)`, and `scores`, `classes` and `class_names` of shape `(batch, n)`. `export.scene_model` describes
    them.

    Attributes:
        path: The version folder.
        manifest: The manifest.
    """


class SavedSegmenter(SavedNetwork):
    """Exported segmenter, from images or image files to masks. Created by `export.load`.

    Call it with arrays, or `from_bytes` with files. Both return a dict of NumPy arrays: `mask`, uint8 of shape
    `(batch, height, width)`, the class of each pixel. Files are resized, and so are their masks, to the height and
    width in `manifest["pixels"]`. The names of the classes are `manifest["class_names"]`.

    Attributes:
        path: The version folder.
        manifest: The manifest.
    """


def _decoded(values):
    return np.char.decode(values.astype(bytes), "utf-8") if values.dtype == object else values
