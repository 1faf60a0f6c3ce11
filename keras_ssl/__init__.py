"""Self-supervised learning for images in Keras and TensorFlow."""

import os
import sys

# TensorFlow turns oneDNN on by itself only on CPUs with AVX-512 VNNI; on others it trains twice as fast, too. The
# variable is read at the first import of tensorflow. With one thread oneDNN is left alone: there its gradient of a
# convolution with fewer than eight channels aborts the process (TensorFlow 2.21, AVX2).
_several_threads = (os.cpu_count() or 1) > 1 and os.environ.get("TF_NUM_INTRAOP_THREADS") != "1"
if hasattr(os, "sched_getaffinity"):
    _several_threads = _several_threads and len(os.sched_getaffinity(0)) > 1
if _several_threads and "tensorflow" not in sys.modules:
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
    pretext,
    recipes,
    runs,
    targets,
    tasks,
)
from keras_ssl.methods import (
    BYOL,
    DCGAN,
    DCL,
    DINO,
    MAE,
    NNCLR,
    Autoencoder,
    BarlowTwins,
    Colorization,
    DeepAutoencoder,
    Inpainting,
    Jigsaw,
    MoCo,
    MoCoV3,
    MultiTask,
    PairwiseContrastive,
    RotationPrediction,
    SelfSupervisedModel,
    SimCLR,
    SimMIM,
    SimSiam,
    SwAV,
    Triplet,
    VariationalAutoencoder,
    VICReg,
)

__version__ = "0.1.0"

__all__ = [
    "BYOL",
    "DCGAN",
    "DCL",
    "DINO",
    "MAE",
    "NNCLR",
    "Autoencoder",
    "BarlowTwins",
    "Colorization",
    "DeepAutoencoder",
    "Inpainting",
    "Jigsaw",
    "MoCo",
    "MoCoV3",
    "MultiTask",
    "PairwiseContrastive",
    "RotationPrediction",
    "SelfSupervisedModel",
    "SimCLR",
    "SimMIM",
    "SimSiam",
    "SwAV",
    "Triplet",
    "VICReg",
    "VariationalAutoencoder",
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
    "pretext",
    "recipes",
    "runs",
    "targets",
    "tasks",
]
