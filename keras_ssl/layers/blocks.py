"""The few lines that every backbone and head is written in."""

import keras

from keras_ssl.layers.batch_normalization import BatchNormalization


def normalized_pixels(images):
    """Map raw pixels in `[0, 255]` to `[-1, 1]`: about zero mean, and no data set's statistics to carry along."""
    # In float32, because bfloat16 cannot hold an augmented pixel to better than one gray level.
    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="rescaling")(images)


def he_normal():
    """He et al. (2015) for ReLU networks, scaled by fan-out as PyTorch's and the original ResNets are."""
    return keras.initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal")


def batch_norm_layer(name, *, synchronized=False, **kwargs):
    """Batch normalization with SimCLR's constants.

    Momentum is 0.9, not Keras' 0.99: a run of a few hundred steps must not be served with statistics of its start.
    Epsilon is 1e-5, and a hair above it because older cuDNN takes no less.
    """
    return BatchNormalization(momentum=0.9, epsilon=1.001e-5, synchronized=synchronized, name=name, **kwargs)


def conv_batch_norm(x, filters, kernel_size, strides, name, *, synchronized=False, gamma_initializer="ones"):
    """A convolution without bias, which the normalization behind it would cancel, and that normalization."""
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


def relu(x, name):
    """ReLU as a layer of its own, so that its output can be tapped by `name`."""
    return keras.layers.ReLU(name=name)(x)


def average_pool(x):
    """Global average over height and width in float32, whatever the dtype policy."""
    return keras.layers.GlobalAveragePooling2D(data_format="channels_last", dtype="float32", name="features")(x)


def dense_batch_norm_relu(units, name, *, synchronized=False):
    """The layers of one hidden step of a multilayer perceptron, in order."""
    return [
        keras.layers.Dense(units, use_bias=False, kernel_initializer=he_normal(), name=f"{name}_dense"),
        batch_norm_layer(f"{name}_bn", synchronized=synchronized),
        keras.layers.ReLU(name=name),
    ]
