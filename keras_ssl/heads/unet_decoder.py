from collections.abc import Mapping, Sequence

import keras

from keras_ssl.checks.arguments import check_count
from keras_ssl.layers.blocks import conv_batch_norm, relu
from keras_ssl.layers.upsample_like import UpsampleLike


def unet_decoder(
    maps: Mapping[str, Sequence[int | None]], width: int = 32, name: str = "unet_decoder"
) -> keras.Model:
    """The decoder of a U-Net: from the coarsest feature map of an encoder back to its finest.

    At each level the coarser features are made as large as the encoder's map of that level and put beside it; two
    3 × 3 convolutions with batch normalization and ReLU follow. The finest level has `width` channels, each coarser
    one twice as many, up to eight times.

    Args:
        maps: Dict of shapes `(height, width, channels)` by the names `"P{l}"`: of the outputs of
            `keras_ssl.backbones.feature_pyramid`, without the batch.
        width: Integer > 0: channels at the finest level. Defaults to `32`; the paper has 64.
        name: String. Defaults to `"unet_decoder"`.

    Returns:
        A `keras.Model` from a dict of maps to a map of the finest one's size with `width` channels.

    Raises:
        ValueError: If there are no maps, or `width` is not positive.

    Example:

    >>> decoder = keras_ssl.heads.unet_decoder({"P1": (None, None, 16), "P2": (None, None, 32)}, width=8)
    >>> decoder({"P1": np.zeros((1, 9, 12, 16)), "P2": np.zeros((1, 5, 6, 32))}).shape
    TensorShape([1, 9, 12, 8])

    Reference:

    - [Ronneberger et al., 2015](https://arxiv.org/abs/1505.04597), figure 1
    """
    check_count("width", width)
    inputs = {level: keras.Input(shape, name=level) for level, shape in maps.items()}
    if not inputs:
        raise ValueError(f"A U-Net needs at least one feature map. Received: maps={dict(maps)}")
    levels = sorted(inputs, key=lambda level: int(level[1:]))
    x = None
    for index, level in reversed(list(enumerate(levels))):
        skip = inputs[level]
        if x is not None:
            x = UpsampleLike(name=f"{level}_up")(x, skip)
            skip = keras.layers.Concatenate(name=f"{level}_concat")([x, skip])
        x = skip
        for convolution in (1, 2):
            block = f"{level}_{convolution}"
            x = relu(conv_batch_norm(x, width * min(2**index, 8), 3, 1, block), block)
    return keras.Model(inputs, x, name=name)
