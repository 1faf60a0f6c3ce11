from collections.abc import Sequence

import keras

from keras_ssl.checks.arguments import check_counts
from keras_ssl.checks.images import check_image_shape
from keras_ssl.layers.blocks import average_pool, conv_batch_norm, normalized_pixels, relu


def small_cnn(
    image_shape: Sequence[int],
    filters: Sequence[int] = (64, 128, 256),
    synchronized: bool = False,
    name: str = "small_cnn",
) -> keras.Model:
    """Plain convolutional network: a few 3x3 convolutions with pooling between them.

    The network of many tutorials, for small images and quick trials. Each block is a convolution, batch normalization
    and ReLU. Between blocks is a 2x2 max-pooling, and after the last the global average. Takes raw pixels in
    `[0, 255]`, scales them to `[-1, 1]` itself, and gives float32 features under every dtype policy. The outputs of
    the blocks are those of the layers `"stage1"`, `"stage2"`, ….

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of an image; any number of channels.
        filters: Sequence of integers > 0. Channels of each block; the last number is that of the features. Defaults
            to `(64, 128, 256)`.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"small_cnn"`.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)` to features `(batch, filters[-1])`.

    Raises:
        ValueError: If an argument is out of its range, or the images are too small for the last block.

    Example:

    >>> encoder = keras_ssl.backbones.small_cnn((8, 8, 1))
    >>> encoder(np.zeros((2, 8, 8, 1), "uint8")).shape
    TensorShape([2, 256])
    """
    check_counts("filters", filters)
    images = keras.Input(check_image_shape(image_shape, 2 ** (len(filters) - 1)), name="images")
    x = normalized_pixels(images)
    for stage, channels in enumerate(filters, start=1):
        if stage > 1:
            x = keras.layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
        x = conv_batch_norm(x, channels, 3, 1, f"stage{stage}", synchronized=synchronized)
        x = relu(x, f"stage{stage}")
    return keras.Model(images, average_pool(x), name=name)
