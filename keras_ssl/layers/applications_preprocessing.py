from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_ssl")
class ApplicationsPreprocessing(keras.layers.Layer):
    """The `preprocess_input` of a model family of `keras.applications`, as a layer that can be saved.

    Args:
        family: String. Module of the family, e.g. `"resnet_v2"` for `keras.applications.resnet_v2.preprocess_input`.
        **kwargs: Arguments of `keras.layers.Layer`. `dtype` defaults to float32 under every dtype policy.

    Call arguments:
        images: Tensor of shape `(batch, height, width, 3)`, raw pixels in `[0, 255]`.

    Raises:
        ValueError: If `keras.applications` has no such family.

    Example:

    >>> layer = ApplicationsPreprocessing("resnet_v2")
    >>> float(keras.ops.max(layer(np.full((1, 2, 2, 3), 255.0))))
    1.0
    """

    def __init__(self, family: str, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        if family not in families():
            raise ValueError(f"family must be one of {', '.join(families())}. Received: family={family!r}")
        self.family = family

    def call(self, images: Any) -> tf.Tensor:
        """Scale raw pixels to the range that the family's networks expect."""
        return getattr(keras.applications, self.family).preprocess_input(images, data_format="channels_last")

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape of the input, which does not change."""
        return input_shape

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "family": self.family}


def families() -> list[str]:
    """Return the names of the modules of `keras.applications` that have a `preprocess_input`."""
    return sorted(name for name, module in vars(keras.applications).items() if hasattr(module, "preprocess_input"))
