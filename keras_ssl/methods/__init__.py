"""One published method per file. A new method is one line here; all other lists are made from these lines."""

import typing

from keras_ssl.methods.autoencoder import Autoencoder as Autoencoder
from keras_ssl.methods.barlow_twins import BarlowTwins as BarlowTwins
from keras_ssl.methods.base import SelfSupervisedModel as SelfSupervisedModel
from keras_ssl.methods.byol import BYOL as BYOL
from keras_ssl.methods.colorization import Colorization as Colorization
from keras_ssl.methods.dcgan import DCGAN as DCGAN
from keras_ssl.methods.dcl import DCL as DCL
from keras_ssl.methods.deep_autoencoder import DeepAutoencoder as DeepAutoencoder
from keras_ssl.methods.dino import DINO as DINO
from keras_ssl.methods.inpainting import Inpainting as Inpainting
from keras_ssl.methods.jigsaw import Jigsaw as Jigsaw
from keras_ssl.methods.mae import MAE as MAE
from keras_ssl.methods.moco import MoCo as MoCo
from keras_ssl.methods.moco_v3 import MoCoV3 as MoCoV3
from keras_ssl.methods.multi_task import MultiTask as MultiTask
from keras_ssl.methods.nnclr import NNCLR as NNCLR
from keras_ssl.methods.pairwise_contrastive import PairwiseContrastive as PairwiseContrastive
from keras_ssl.methods.rotation_prediction import RotationPrediction as RotationPrediction
from keras_ssl.methods.simclr import SimCLR as SimCLR
from keras_ssl.methods.simmim import SimMIM as SimMIM
from keras_ssl.methods.simsiam import SimSiam as SimSiam
from keras_ssl.methods.swav import SwAV as SwAV
from keras_ssl.methods.triplet import Triplet as Triplet
from keras_ssl.methods.variational_autoencoder import VariationalAutoencoder as VariationalAutoencoder
from keras_ssl.methods.vicreg import VICReg as VICReg

if not typing.TYPE_CHECKING:  # type checkers read the names from the imports
    __all__ = sorted(name for name, value in vars().items() if isinstance(value, type))
