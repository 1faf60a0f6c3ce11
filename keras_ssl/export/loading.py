import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from keras_ssl.export import versions
from keras_ssl.export.manifest import verify


def load(path: str | os.PathLike[str]) -> "SavedEncoder":
    """Loads an exported encoder for use from Python, after checking its files.

    To build on the encoder with Keras, load `encoder.keras` from the
    same folder with `keras.saving.load_model` instead.

    It runs the graph of the SavedModel, which may read and write files: load those of people you trust. A checksum
    tells damage, not malice.

    Args:
        path: The folder that `export.saved_model` wrote into (its newest version is loaded), or one version
            folder in it.

    Returns:
        A `SavedEncoder`.

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
    return SavedEncoder(version, verify(version))


class SavedEncoder:
    """An exported encoder: images or image files in, features out. Made by `export.load`.

    Args:
        path: The version folder, a `pathlib.Path`.
        manifest: Its manifest, a dict.

    Attributes:
        path: The version folder.
        manifest: The manifest.
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest
        # The signatures hold their variables weakly, so the whole is kept.
        self._model = tf.saved_model.load(str(path))

    def __call__(self, images: npt.ArrayLike) -> dict[str, np.ndarray]:
        """Features of arrays.

        Args:
            images: Raw pixels in [0, 255] of shape (batch, height, width, channels), of any dtype.

        Returns:
            Dict of NumPy arrays: `embedding` of shape (batch, features), and with a classifier `probabilities` of
            shape (batch, classes) and `class` of shape (batch,), names or numbers.
        """
        return self._serve("serving_default", images=tf.cast(images, tf.float32))

    def from_bytes(self, image_bytes: Sequence[bytes]) -> dict[str, np.ndarray]:
        """Features of encoded images.

        Args:
            image_bytes: List of `bytes`, each a JPEG, PNG, GIF, BMP or WebP image of any size.

        Returns:
            As for arrays.

        Raises:
            tf.errors.InvalidArgumentError: If one of them is no image, or has too many pixels.
        """
        return self._serve("serve_bytes", image_bytes=tf.constant(image_bytes, tf.string))

    def _serve(self, signature, **inputs):
        outputs = self._model.signatures[signature](**inputs)
        return {name: _decoded(value.numpy()) for name, value in outputs.items()}

    def __repr__(self):
        return f"<SavedEncoder path={str(self.path)!r}>"


def _decoded(values):
    return np.array([value.decode() for value in values]) if values.dtype == object else values
