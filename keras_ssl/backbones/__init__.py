"""Encoders, from raw pixels to features, and the heads that the losses see them through."""

from keras_ssl.backbones.batch_normalization import BatchNormalization
from keras_ssl.backbones.heads import prediction_head, projection_head
from keras_ssl.backbones.mlp import mlp
from keras_ssl.backbones.resnet import resnet18, resnet50
from keras_ssl.backbones.small_cnn import small_cnn
from keras_ssl.backbones.wrap import wrap

__all__ = [
    "BatchNormalization",
    "mlp",
    "prediction_head",
    "projection_head",
    "resnet18",
    "resnet50",
    "small_cnn",
    "wrap",
]
