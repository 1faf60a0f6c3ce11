"""Self-supervised learning for images in Keras and TensorFlow."""

import os

# TensorFlow turns oneDNN on by itself only on CPUs with AVX-512 VNNI; on others it trains twice as fast, too. The
# variable is read when tensorflow is first imported, so whoever imports it, or keras, before this sets it themselves.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

_backend = os.environ.get("KERAS_BACKEND", "tensorflow")
if _backend == "tensorflow":
    import keras

    _backend = keras.backend.backend()
if _backend != "tensorflow":
    raise ImportError(
        "keras_ssl trains with tf.data, tf.distribute and SavedModel, so Keras must run on TensorFlow: set "
        f"KERAS_BACKEND=tensorflow before the first import of keras. Received: KERAS_BACKEND={_backend}"
    )

from keras_ssl import (
    augment,
    backbones,
    callbacks,
    data,
    distribute,
    evaluate,
    export,
    losses,
    methods,
    optimizers,
    plots,
    recipes,
    runs,
)
from keras_ssl.methods import SelfSupervisedModel, SimCLR

__version__ = "0.1.0"

__all__ = [
    "SelfSupervisedModel",
    "SimCLR",
    "augment",
    "backbones",
    "callbacks",
    "data",
    "distribute",
    "evaluate",
    "export",
    "losses",
    "methods",
    "optimizers",
    "plots",
    "recipes",
    "runs",
]
