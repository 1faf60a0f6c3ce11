"""What `keras_ssl.MultiTask` can train an encoder on, each a head, a target and a loss."""

from keras_ssl.tasks.bounding_box import BoundingBox
from keras_ssl.tasks.class_labels import ClassLabels
from keras_ssl.tasks.classification import Classification
from keras_ssl.tasks.contrastive import Contrastive
from keras_ssl.tasks.labelled_task import LabelledTask
from keras_ssl.tasks.reconstruction import Reconstruction
from keras_ssl.tasks.segmentation import Segmentation
from keras_ssl.tasks.shared_passes import SharedPasses
from keras_ssl.tasks.task import Task

__all__ = [
    "BoundingBox",
    "ClassLabels",
    "Classification",
    "Contrastive",
    "LabelledTask",
    "Reconstruction",
    "Segmentation",
    "SharedPasses",
    "Task",
]
