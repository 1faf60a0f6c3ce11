from keras_ssl.methods.autoencoder import Autoencoder
from keras_ssl.methods.barlow_twins import BarlowTwins
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.methods.byol import BYOL
from keras_ssl.methods.colorization import Colorization
from keras_ssl.methods.dcgan import DCGAN
from keras_ssl.methods.dcl import DCL
from keras_ssl.methods.deep_autoencoder import DeepAutoencoder
from keras_ssl.methods.dino import DINO
from keras_ssl.methods.inpainting import Inpainting
from keras_ssl.methods.jigsaw import Jigsaw
from keras_ssl.methods.mae import MAE
from keras_ssl.methods.moco import MoCo
from keras_ssl.methods.moco_v3 import MoCoV3
from keras_ssl.methods.multi_task import MultiTask
from keras_ssl.methods.nnclr import NNCLR
from keras_ssl.methods.pairwise_contrastive import PairwiseContrastive
from keras_ssl.methods.rotation_prediction import RotationPrediction
from keras_ssl.methods.simclr import SimCLR
from keras_ssl.methods.simmim import SimMIM
from keras_ssl.methods.simsiam import SimSiam
from keras_ssl.methods.swav import SwAV
from keras_ssl.methods.triplet import Triplet
from keras_ssl.methods.variational_autoencoder import VariationalAutoencoder
from keras_ssl.methods.vicreg import VICReg

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
]
