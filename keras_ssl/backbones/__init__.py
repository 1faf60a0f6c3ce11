"""Encoders: networks from raw pixels to features."""

from keras_ssl.backbones.at_size import at_size
from keras_ssl.backbones.conv_encoder import conv_encoder
from keras_ssl.backbones.dcgan import dcgan_discriminator, dcgan_generator
from keras_ssl.backbones.dcgan_encoder import dcgan_encoder
from keras_ssl.backbones.dense_autoencoder import dense_autoencoder
from keras_ssl.backbones.feature_pyramid import feature_pyramid
from keras_ssl.backbones.mlp import mlp
from keras_ssl.backbones.resnet import resnet18, resnet50
from keras_ssl.backbones.small_cnn import small_cnn
from keras_ssl.backbones.vit import vit
from keras_ssl.backbones.wrap import wrap

__all__ = [
    "at_size",
    "conv_encoder",
    "dcgan_discriminator",
    "dcgan_encoder",
    "dcgan_generator",
    "dense_autoencoder",
    "feature_pyramid",
    "mlp",
    "resnet18",
    "resnet50",
    "small_cnn",
    "vit",
    "wrap",
]
