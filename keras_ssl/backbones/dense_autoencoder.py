import math
from collections.abc import Sequence
from typing import Any

import keras

from keras_ssl.checks.arguments import check_counts
from keras_ssl.checks.images import check_image_shape
from keras_ssl.layers.blocks import normalized_pixels
from keras_ssl.layers.tied_dense import TiedDense


def dense_autoencoder(
    image_shape: Sequence[int],
    units: Sequence[int] = (512, 128, 32),
    activation: Any = "relu",
    tied_weights: bool = False,
) -> tuple[keras.Model, keras.Model]:
    """Encoder and decoder of dense layers, with hidden layers of the same widths.

    The hidden layers of both are named `"hidden1"`, `"hidden2"`, … from the image to the code. Layers of the same
    name have the same width. The code and the decoder's pixels are linear.

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of an image; any number of channels.
        units: Sequence of integers > 0. Units of the encoder's layers; the last number is that of the code. Defaults
            to `(512, 128, 32)`.
        activation: Activation of the hidden layers, as for `keras.layers.Dense`. Defaults to `"relu"`.
        tied_weights: Boolean. Whether the decoder uses the encoder's transposed kernels, with its own biases.
            Defaults to `False`.

    Returns:
        Tuple of two `keras.Model`: the encoder from images, raw pixels in `[0, 255]`, to float32 codes
        `(batch, units[-1])`, and the decoder from codes to float32 images.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> encoder, decoder = keras_ssl.backbones.dense_autoencoder((28, 28, 1))
    >>> encoder.output_shape, decoder.output_shape
    ((None, 32), (None, 28, 28, 1))
    """
    check_counts("units", units)
    image_shape = check_image_shape(image_shape, total_stride=1)
    *hidden, code_units = (int(count) for count in units)
    images = keras.Input(image_shape, name="images")
    x = keras.layers.Flatten(dtype="float32", name="flatten")(normalized_pixels(images))
    names = [f"hidden{index}" for index in range(1, len(units))]
    for name, count in zip(names, hidden, strict=True):
        x = keras.layers.Dense(count, activation=activation, name=name)(x)
    encoder = keras.Model(
        images, keras.layers.Dense(code_units, dtype="float32", name="features")(x), name="dense_encoder"
    )

    def backwards(layer_name, width, **kwargs):
        if tied_weights:
            return TiedDense(encoder.get_layer(layer_name), **kwargs)
        return keras.layers.Dense(width, **kwargs)

    codes = x = keras.Input((code_units,), name="codes")
    # Each decoder layer inverts the encoder layer after the one of the same name.
    layers = [*names, "features"]
    for name, above, count in zip(names[::-1], layers[:0:-1], hidden[::-1], strict=True):
        x = backwards(above, count, activation=activation, name=name)(x)
    x = backwards(layers[0], math.prod(image_shape), dtype="float32", name="pixels")(x)
    outputs = keras.layers.Reshape(image_shape, dtype="float32", name="image")(x)
    return encoder, keras.Model(codes, outputs, name="dense_decoder")
