from collections.abc import Sequence

import keras

from keras_ssl.checks.arguments import check_counts
from keras_ssl.checks.images import check_image_shape
from keras_ssl.layers.blocks import dense_batch_norm_relu, normalized_pixels


def mlp(
    image_shape: Sequence[int],
    units: Sequence[int] = (512, 256),
    linear_output: bool = False,
    synchronized: bool = False,
    name: str = "mlp",
) -> keras.Model:
    """Multilayer perceptron on the flattened image.

    The simplest encoder, for tests and very small images. Each layer is dense, with batch normalization and ReLU.
    Takes raw pixels in `[0, 255]`, scales them to `[-1, 1]` itself, and gives float32 features under every dtype
    policy.

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of an image; any number of channels.
        units: Sequence of integers > 0. Units of each layer; the last is the number of features. Defaults to
            `(512, 256)`.
        linear_output: Boolean. Whether the last layer is linear, without normalization and ReLU, like the code of an
            autoencoder. Defaults to `False`.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"mlp"`.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)` to features `(batch, units[-1])`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> encoder = keras_ssl.backbones.mlp((8, 8, 1), units=(64, 32))
    >>> encoder(np.zeros((2, 8, 8, 1), "uint8")).shape
    TensorShape([2, 32])
    """
    check_counts("units", units)
    images = keras.Input(check_image_shape(image_shape, total_stride=1), name="images")
    x = keras.layers.Flatten(dtype="float32", name="flatten")(normalized_pixels(images))
    for index, count in enumerate(units[:-1] if linear_output else units, start=1):
        for layer in dense_batch_norm_relu(count, f"layer{index}", synchronized=synchronized):
            x = layer(x)
    if linear_output:
        features = keras.layers.Dense(units[-1], dtype="float32", name="features")(x)
    else:
        features = keras.layers.Activation("linear", dtype="float32", name="features")(x)
    return keras.Model(images, features, name=name)
