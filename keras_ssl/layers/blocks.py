"""Building blocks of the backbones and heads."""

from typing import Any

import keras

from keras_ssl.layers.batch_normalization import BatchNormalization


def normalized_pixels(images: keras.KerasTensor) -> keras.KerasTensor:
    """Scale raw pixels from `[0, 255]` to `[-1, 1]`.

    The mean is about zero, and no statistics of a data set need to be stored with the model.
    """
    # In float32: bfloat16 rounds augmented pixels to whole gray levels.
    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="rescaling")(images)


def he_normal() -> keras.initializers.Initializer:
    """He initialization (2015) for ReLU networks, scaled by fan-out as in PyTorch and the original ResNets."""
    return keras.initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal")


def batch_norm_layer(name: str, *, synchronized: bool = False, **kwargs: Any) -> BatchNormalization:
    """Batch normalization with SimCLR's constants.

    Momentum is 0.9, not Keras' 0.99, so that after a few hundred steps the moving statistics no longer depend on the
    start of the training. Epsilon is 1e-5, and slightly more because older cuDNN requires it.
    """
    return BatchNormalization(momentum=0.9, epsilon=1.001e-5, synchronized=synchronized, name=name, **kwargs)


def conv_batch_norm(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int,
    strides: int,
    name: str,
    *,
    synchronized: bool = False,
    gamma_initializer: Any = "ones",
) -> keras.KerasTensor:
    """Convolution followed by batch normalization; without bias, which the normalization would cancel."""
    x = keras.layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=he_normal(),
        name=f"{name}_conv",
    )(x)
    return batch_norm_layer(f"{name}_bn", synchronized=synchronized, gamma_initializer=gamma_initializer)(x)


def relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """ReLU as a named layer, so that its output can be found by `name`."""
    return keras.layers.ReLU(name=name)(x)


def average_pool(x: keras.KerasTensor) -> keras.KerasTensor:
    """Global average over height and width in float32, whatever the dtype policy."""
    return keras.layers.GlobalAveragePooling2D(data_format="channels_last", dtype="float32", name="features")(x)


def dense_batch_norm_relu(units: int, name: str, *, synchronized: bool = False) -> list[keras.layers.Layer]:
    """Layers of one hidden layer of a multilayer perceptron, in order: dense, batch normalization, ReLU."""
    return [
        keras.layers.Dense(units, use_bias=False, kernel_initializer=he_normal(), name=f"{name}_dense"),
        batch_norm_layer(f"{name}_bn", synchronized=synchronized),
        keras.layers.ReLU(name=name),
    ]
