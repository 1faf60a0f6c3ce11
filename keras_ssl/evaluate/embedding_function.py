import os
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from keras_ssl.export import versions
from keras_ssl.files.checksum import load_intact


class EmbeddingFunction:
    """Compiled function from images to float32 features, for an encoder in memory or on disk.

    It is traced once, for batches of any size.

    Args:
        encoder: A `keras.Model`, the path of a `.keras` file, or the folder of an exported SavedModel.
        image_shape: Tuple (height, width, channels) of the images that will come, None where not known.

    Raises:
        ValueError: If there is no encoder at that path, or it takes images of another shape.
        TypeError: If `encoder` is neither a model nor a path.
    """

    def __init__(
        self,
        encoder: keras.Model | str | os.PathLike[str],
        image_shape: tuple[int | None, ...] = (None, None, None),
    ) -> None:
        self._model, call, expected = _load(encoder)
        self._function = tf.function(
            lambda images: tf.cast(call(images), tf.float32),
            input_signature=[tf.TensorSpec((None, *_merge(expected, image_shape)), tf.float32)],
        )

    def __call__(self, images: npt.ArrayLike) -> np.ndarray:
        """Returns the features of `images` of any dtype, a float32 array (batch, features)."""
        features = self._function(tf.cast(images, tf.float32)).numpy()
        if features.ndim != 2:
            raise ValueError(
                "The encoder must give one feature vector per image, (batch, features); "
                "keras_ssl.backbones.wrap(model) pools a feature map. "
                f"Received: features of shape {features.shape}"
            )
        return features


def _load(encoder):
    """Returns the owner of the weights, a function from images to features, and the expected image shape."""
    if isinstance(encoder, str | os.PathLike):
        path = Path(encoder)
        if path.is_dir():
            return _from_saved_model(path)
        if not path.is_file() or path.suffix != ".keras":
            raise ValueError(
                "An encoder on disk is a .keras file or the folder of an exported SavedModel. "
                f"Received: encoder={str(path)!r}, which {'is neither' if path.exists() else 'does not exist'}"
            )
        encoder = load_intact(path, compile=False)
    if not isinstance(encoder, keras.Model):
        raise TypeError(
            "encoder must be a keras.Model, the path of a .keras file, or the folder of an exported SavedModel. "
            f"Received: encoder={encoder!r}"
        )
    # A subclassed model does not know its input shape.
    input_shape = getattr(encoder, "input_shape", (None,) * 4)
    if not isinstance(input_shape, tuple) or len(input_shape) != 4 or isinstance(input_shape[-1], tuple):
        raise ValueError(
            "encoder must have one input, images (batch, height, width, channels). "
            f"Received: encoder.input_shape={input_shape}"
        )
    return encoder, lambda images: encoder(images, training=False), input_shape[1:]


def _from_saved_model(path):
    folder = versions.find(path)
    loaded = tf.saved_model.load(str(folder))
    signature = loaded.signatures.get("serving_default")
    inputs = signature.structured_input_signature[1] if signature else {}
    outputs = signature.structured_outputs if signature else {}
    if "images" not in inputs or "embedding" not in outputs:
        raise ValueError(
            "The SavedModel must have a signature serving_default from `images` to `embedding`, as "
            "keras_ssl.export.saved_model writes it. Received: "
            f"signatures={list(loaded.signatures)}, inputs={list(inputs)}, outputs={list(outputs)} in {folder}"
        )
    shape = inputs["images"].shape
    return (
        loaded,
        lambda images: signature(images=images)["embedding"],
        tuple(shape[1:]) if shape.rank else (None,) * 3,
    )


def _merge(expected, received):
    """Fills the unknown sizes of one shape from the other; raises a ValueError where known ones differ."""
    if any(None not in (e, r) and e != r for e, r in zip(expected, received, strict=True)):
        raise ValueError(
            f"The encoder takes images of shape {tuple(expected)}; load the data set with that image_size and number "
            f"of channels, or build the encoder for these images. Received: images of shape {tuple(received)}"
        )
    return tuple(r if e is None else e for e, r in zip(expected, received, strict=True))
