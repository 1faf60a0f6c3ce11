from keras_ssl.methods.autoencoder import Autoencoder
from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.methods.dcgan import DCGAN
from keras_ssl.methods.deep_autoencoder import DeepAutoencoder
from keras_ssl.methods.mae import MAE
from keras_ssl.methods.simclr import SimCLR
from keras_ssl.methods.simmim import SimMIM
from keras_ssl.methods.variational_autoencoder import VariationalAutoencoder

__all__ = [
    "DCGAN",
    "MAE",
    "Autoencoder",
    "DeepAutoencoder",
    "SelfSupervisedModel",
    "SimCLR",
    "SimMIM",
    "VariationalAutoencoder",
]
