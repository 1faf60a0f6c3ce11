"""Layers that Keras does not have, for backbones, heads and methods."""

from keras_ssl.layers.batch_normalization import BatchNormalization
from keras_ssl.layers.feature_queue import FeatureQueue
from keras_ssl.layers.prototypes import Prototypes
from keras_ssl.layers.tied_dense import TiedDense
from keras_ssl.layers.transformer import ClassToken, PatchTokens, SelfAttention, transformer
from keras_ssl.layers.upsample_like import UpsampleLike
from keras_ssl.layers.weight_norm_dense import WeightNormDense

__all__ = [
    "BatchNormalization",
    "ClassToken",
    "FeatureQueue",
    "PatchTokens",
    "Prototypes",
    "SelfAttention",
    "TiedDense",
    "UpsampleLike",
    "WeightNormDense",
    "transformer",
]
