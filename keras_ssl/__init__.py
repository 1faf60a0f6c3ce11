"""Self-supervised learning for images in Keras and TensorFlow."""

import os

_backend = os.environ.get("KERAS_BACKEND", "tensorflow")
if _backend == "tensorflow":
    import keras

    _backend = keras.backend.backend()
if _backend != "tensorflow":
    raise ImportError(
        "keras_ssl trains with tf.data, tf.distribute and SavedModel, so Keras must run on TensorFlow: set "
        f"KERAS_BACKEND=tensorflow before the first import of keras. Received: KERAS_BACKEND={_backend}"
    )

__version__ = "0.1.0"

from keras_ssl.methods import SelfSupervisedModel, SimCLR
__all__ = ["SelfSupervisedModel", "SimCLR"]
