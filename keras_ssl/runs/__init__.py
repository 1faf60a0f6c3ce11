"""A run folder: pretrain into it, read it back, go on from it. What the command line calls."""

from keras_ssl.runs.catalogue import catalogue
from keras_ssl.runs.detection import detect
from keras_ssl.runs.embed import embed
from keras_ssl.runs.evaluation import PROTOCOLS, TRAINING_PROTOCOLS, evaluate
from keras_ssl.runs.exporting import CLASSIFIERS, export
from keras_ssl.runs.next_command import command_after
from keras_ssl.runs.pretrain import pretrain, resume
from keras_ssl.runs.run import Run
from keras_ssl.runs.segmentation import segment

__all__ = [
    "CLASSIFIERS",
    "PROTOCOLS",
    "TRAINING_PROTOCOLS",
    "Run",
    "catalogue",
    "command_after",
    "detect",
    "embed",
    "evaluate",
    "export",
    "pretrain",
    "resume",
    "segment",
]
