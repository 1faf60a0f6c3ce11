"""Self-supervised learning for images in Keras and TensorFlow.

`import keras_ssl` is quick. TensorFlow, Keras and the modules of keras_ssl are imported when they are first used.

The import sets one environment variable, `TF_ENABLE_ONEDNN_OPTS=1`, and logs this on the logger "keras_ssl" at level
INFO. By default TensorFlow uses oneDNN only on CPUs with AVX-512 VNNI; on other CPUs oneDNN doubles the speed of
training. TensorFlow reads the variable when it is imported, so import keras_ssl first. The variable is not changed if

- it is set already (`TF_ENABLE_ONEDNN_OPTS=0` keeps oneDNN off),
- TensorFlow is imported already, or
- there is only one thread: there oneDNN's gradient of a convolution with fewer than eight channels aborts the process
  (TensorFlow 2.21, AVX2).
"""

import importlib
import logging
import os
import sys
from typing import TYPE_CHECKING

from keras_ssl.cpu import usable_cores
from keras_ssl.registration import RegisterAfterImport, check_backend, load_registering, method_names

if TYPE_CHECKING:
    from keras_ssl import (  # noqa: F401
        augment,
        backbones,
        callbacks,
        data,
        distribute,
        evaluate,
        export,
        heads,
        layers,
        losses,
        methods,
        optimizers,
        plots,
        recipes,
        runs,
        tasks,
        transfer,
    )
    from keras_ssl.methods import *  # noqa: F403

__version__ = "0.1.0"

ROOMS = (
    "augment",
    "backbones",
    "callbacks",
    "data",
    "distribute",
    "evaluate",
    "export",
    "heads",
    "layers",
    "losses",
    "methods",
    "optimizers",
    "plots",
    "recipes",
    "runs",
    "tasks",
    "transfer",
)

__all__ = [*method_names(), *ROOMS]


def _turn_on_onednn():
    """Sets `TF_ENABLE_ONEDNN_OPTS`, as the docstring of the package explains."""
    one_thread = usable_cores() == 1 or os.environ.get("TF_NUM_INTRAOP_THREADS") == "1"
    if one_thread or "tensorflow" in sys.modules or "TF_ENABLE_ONEDNN_OPTS" in os.environ:
        return
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    logging.getLogger("keras_ssl").info(
        "Set TF_ENABLE_ONEDNN_OPTS=1: TensorFlow trains faster on CPUs. To prevent this, set it to 0 beforehand."
    )


if not TYPE_CHECKING:  # type checkers read the imports above, and find misspelt names

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module 'keras_ssl' has no attribute {name!r}")
        if name[0].isupper():
            return getattr(importlib.import_module("keras_ssl.methods"), name)
        return importlib.import_module(f"keras_ssl.{name}")


def __dir__():
    return sorted({*globals(), *__all__})


check_backend(os.environ.get("KERAS_BACKEND") or "tensorflow")
_turn_on_onednn()
if "keras" in sys.modules:
    load_registering()
else:
    sys.meta_path.insert(0, RegisterAfterImport())
