import contextlib
import tempfile
from pathlib import Path

import keras

from keras_ssl.backbones.copies import rebuilt

_LOW_PRECISION = ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16")


def inference_copy(model: keras.Model) -> keras.Model:
    """Copy a built Keras model into one that computes in float32, without optimizer, loss or strategy.

    A served model must not depend on how it was trained: bfloat16 is slow on most CPUs of servers, and a variable
    mirrored over eight devices is a single variable on the server. The copy is made from the model's configuration
    and state, like a `.keras` file.

    Args:
        model: A built `keras.Model` that Keras can serialize.

    Returns:
        A `keras.Model` with the same weights. If `model` computes in float32, the outputs are the same. If it
        computes in bfloat16 or float16, they differ by its rounding, which the copy does not have.

    Raises:
        ValueError: If the model cannot be rebuilt from its configuration.
    """
    with _float32_by_default():
        copy = rebuilt(model, _in_float32)
    with tempfile.TemporaryDirectory() as folder:
        # Through a file and not by set_weights: layers such as Normalization complete their state when they load.
        weights = str(Path(folder) / "model.weights.h5")
        model.save_weights(weights)
        copy.load_weights(weights)
    return copy


def _in_float32(config):
    """Replace every low-precision dtype and dtype policy in the configuration by float32."""
    if isinstance(config, (list, tuple)):
        return type(config)(_in_float32(item) for item in config)
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in _LOW_PRECISION:
        return {**config, "config": {"name": "float32"}}
    return {
        key: "float32" if key == "dtype" and value in _LOW_PRECISION else _in_float32(value)
        for key, value in config.items()
        if key != "compile_config"
    }


@contextlib.contextmanager
def _float32_by_default():
    """Context with a global policy of float32, which layers without a dtype in their configuration use."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
