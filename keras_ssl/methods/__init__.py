from keras_ssl.methods.base import SelfSupervisedModel
from keras_ssl.methods.simclr import SimCLR

__all__ = ["SelfSupervisedModel", "SimCLR"]
