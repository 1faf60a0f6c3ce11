"""What `keras_ssl.MultiTask` can train an encoder on, each a head, a target and a loss."""

from keras_ssl.tasks.bounding_box import BoundingBox
from keras_ssl.tasks.classification import Classification
from keras_ssl.tasks.colorization import Colorization
from keras_ssl.tasks.contrastive import Contrastive
from keras_ssl.tasks.inpainting import Inpainting
from keras_ssl.tasks.jigsaw import Jigsaw
from keras_ssl.tasks.labelled_task import LabelledTask
from keras_ssl.tasks.reconstruction import Reconstruction
from keras_ssl.tasks.rotation import Rotation
from keras_ssl.tasks.segmentation import Segmentation
from keras_ssl.tasks.task import Task

__all__ = [
    "BoundingBox",
    "Classification",
    "Colorization",
    "Contrastive",
    "Inpainting",
    "Jigsaw",
    "LabelledTask",
    "Reconstruction",
    "Rotation",
    "Segmentation",
    "Task",
]
