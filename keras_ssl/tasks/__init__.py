"""The tasks that an encoder can be trained on: each with what it does to the images, its head, its loss and metrics.

`keras_ssl.MultiTask` trains on several of them, and some are a method of their own: `keras_ssl.RotationPrediction`,
`keras_ssl.Jigsaw`, `keras_ssl.Colorization` and `keras_ssl.Inpainting`.
"""

from keras_ssl.tasks.bounding_box import BoundingBox
from keras_ssl.tasks.classification import Classification
from keras_ssl.tasks.colors import Colors
from keras_ssl.tasks.colors import chroma as chroma
from keras_ssl.tasks.colors import colorize as colorize
from keras_ssl.tasks.colors import to_gray as to_gray
from keras_ssl.tasks.contrastive import Contrastive
from keras_ssl.tasks.jigsaw_puzzle import JigsawPuzzle as JigsawPuzzle
from keras_ssl.tasks.labelled_task import LabelledTask
from keras_ssl.tasks.missing_block import MID_GRAY as MID_GRAY
from keras_ssl.tasks.missing_block import MissingBlock
from keras_ssl.tasks.missing_block import blank as blank
from keras_ssl.tasks.missing_block import block_mask as block_mask
from keras_ssl.tasks.missing_block import block_size as block_size
from keras_ssl.tasks.permutation_set import permutation_set as permutation_set
from keras_ssl.tasks.reconstruction import Reconstruction
from keras_ssl.tasks.rotation import ROTATIONS as ROTATIONS
from keras_ssl.tasks.rotation import Rotation
from keras_ssl.tasks.rotation import all_rotations as all_rotations
from keras_ssl.tasks.segmentation import Segmentation
from keras_ssl.tasks.task import Task
from keras_ssl.tasks.tile_order import TileOrder
from keras_ssl.tasks.tiles import cut_tiles as cut_tiles
from keras_ssl.tasks.tiles import lay_tiles as lay_tiles
from keras_ssl.tasks.tiles import shuffle_tiles as shuffle_tiles
from keras_ssl.tasks.tiles import standardize_tiles as standardize_tiles

#: Only the tasks, by the names that recipes use. The functions above are what tasks do to images.
__all__ = [
    "BoundingBox",
    "Classification",
    "Colors",
    "Contrastive",
    "LabelledTask",
    "MissingBlock",
    "Reconstruction",
    "Rotation",
    "Segmentation",
    "Task",
    "TileOrder",
]
