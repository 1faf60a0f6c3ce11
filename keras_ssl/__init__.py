"""Self-supervised learning for images in Keras and TensorFlow.

`import keras_ssl` is quick: a part of it, TensorFlow and Keras are imported when the first name of that part is used.

It sets one environment variable, `TF_ENABLE_ONEDNN_OPTS=1`, and says so on the logger "keras_ssl" at level INFO.
TensorFlow turns oneDNN on by itself only on CPUs with AVX-512 VNNI; on others it trains twice as fast, too. The
variable is read at the first import of TensorFlow, so keras_ssl must be imported before that. It is left alone where
it is set already (`TF_ENABLE_ONEDNN_OPTS=0` keeps oneDNN off), where TensorFlow is imported already, and where there
is one thread: there oneDNN's gradient of a convolution with fewer than eight channels aborts the process (TensorFlow
2.21, AVX2).
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
    """Sets `TF_ENABLE_ONEDNN_OPTS`; the docstring of the package says when and why."""
    one_thread = usable_cores() == 1 or os.environ.get("TF_NUM_INTRAOP_THREADS") == "1"
    if one_thread or "tensorflow" in sys.modules or "TF_ENABLE_ONEDNN_OPTS" in os.environ:
        return
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    logging.getLogger("keras_ssl").info(
        "Set TF_ENABLE_ONEDNN_OPTS=1, with which TensorFlow trains faster on CPUs. Set it to 0 before to do without."
    )


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
