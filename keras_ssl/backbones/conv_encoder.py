from collections.abc import Sequence

import keras

from keras_ssl.checks.arguments import check_count, check_counts
from keras_ssl.checks.images import check_image_shape
from keras_ssl.layers.blocks import conv_batch_norm, normalized_pixels, relu


def conv_encoder(
    image_shape: Sequence[int],
    filters: Sequence[int] = (64, 128, 256),
    units: int = 64,
    synchronized: bool = False,
    name: str = "conv_encoder",
) -> keras.Model:
    """Encoder of a convolutional autoencoder: strided convolutions and a linear layer.

    Each convolution halves the image. There is no global pooling, so the code keeps the positions that a decoder
    needs. Takes raw pixels in `[0, 255]`, scales them to `[-1, 1]` itself, and gives float32 features under every
    dtype policy. The outputs of the blocks are those of the layers `"stage1"`, `"stage2"`, ….

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of an image; any number of channels.
        filters: Sequence of integers > 0. Channels of each 3x3 convolution with stride 2, batch normalization and
            ReLU. Defaults to `(64, 128, 256)`.
        units: Integer > 0. Dimensions of the code. Defaults to `64`.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"conv_encoder"`.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)` to features `(batch, units)`.

    Raises:
        ValueError: If an argument is out of its range, or the images are too small for the last block.

    Example:

    >>> encoder = keras_ssl.backbones.conv_encoder((32, 32, 3))
    >>> encoder(np.zeros((2, 32, 32, 3), "uint8")).shape
    TensorShape([2, 64])
    """
    check_counts("filters", filters)
    check_count("units", units)
    images = keras.Input(check_image_shape(image_shape, 2 ** len(filters)), name="images")
    x = normalized_pixels(images)
    for stage, channels in enumerate(filters, start=1):
        x = conv_batch_norm(x, channels, 3, 2, f"stage{stage}", synchronized=synchronized)
        x = relu(x, f"stage{stage}")
    x = keras.layers.Flatten(dtype="float32", name="flatten")(x)
    return keras.Model(images, keras.layers.Dense(units, dtype="float32", name="features")(x), name=name)
