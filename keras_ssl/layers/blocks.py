"""Building blocks of the backbones and heads."""

import keras

from keras_ssl.layers.batch_normalization import BatchNormalization


def normalized_pixels(images):
    """Scale raw pixels from `[0, 255]` to `[-1, 1]`, independent of the data set."""
    # In float32: bfloat16 rounds augmented pixels to whole gray levels.
    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="rescaling")(images)


def he_normal():
    """He initialization (2015), scaled by fan-out as in PyTorch and the original ResNets."""
    return keras.initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal")


def batch_norm_layer(name, *, synchronized=False, **kwargs):
    """Batch normalization with SimCLR's constants.

    Momentum is 0.9, not Keras' 0.99: after a run of a few hundred steps the statistics of its start must have
    decayed. Epsilon is slightly above 1e-5, the minimum of older cuDNN.
    """
    return BatchNormalization(momentum=0.9, epsilon=1.001e-5, synchronized=synchronized, name=name, **kwargs)


def conv_batch_norm(x, filters, kernel_size, strides, name, *, synchronized=False, gamma_initializer="ones"):
    """Convolution without bias, followed by batch normalization."""
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
    """ReLU as a named layer, so that its output can be found by `name`."""
    return keras.layers.ReLU(name=name)(x)


def average_pool(x):
    """Global average over height and width in float32, whatever the dtype policy."""
    return keras.layers.GlobalAveragePooling2D(data_format="channels_last", dtype="float32", name="features")(x)


def dense_batch_norm_relu(units, name, *, synchronized=False):
    """The layers of one hidden layer of a multilayer perceptron: dense, batch normalization, ReLU."""
    return [
        keras.layers.Dense(units, use_bias=False, kernel_initializer=he_normal(), name=f"{name}_dense"),
        batch_norm_layer(f"{name}_bn", synchronized=synchronized),
        keras.layers.ReLU(name=name),
    ]
