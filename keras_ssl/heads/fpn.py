from collections.abc import Mapping, Sequence

import keras

from keras_ssl.checks.arguments import check_count
from keras_ssl.layers.upsample_like import UpsampleLike


def fpn(
    maps: Mapping[str, Sequence[int | None]], width: int = 64, coarsest: int | None = None, name: str = "fpn"
) -> keras.Model:
    """Feature pyramid network (FPN): gives the fine maps of an encoder what its coarse ones know.

    From coarse to fine each map, brought to the same number of channels by a 1 × 1 convolution, gets the next coarser
    one, made as large as itself, added; a 3 × 3 convolution follows. Levels that the encoder has not are made from
    its coarsest by 3 × 3 convolutions of stride 2, as in RetinaNet and FCOS.

    Args:
        maps: Dict of shapes `(height, width, channels)` by the names `"P{l}"`: of the outputs of
            `keras_ssl.backbones.feature_pyramid`, without the batch.
        width: Integer > 0: the channels of all outputs. Defaults to `64`; the paper has 256.
        coarsest: Integer: the last level to make. Defaults to `None`, the coarsest of `maps`.
        name: String. Defaults to `"fpn"`.

    Returns:
        A `keras.Model` from a dict of maps to a dict of maps, with `width` channels, finest first.

    Raises:
        ValueError: If there are no maps, or `width` is not positive.

    Example:

    >>> network = keras_ssl.heads.fpn({"P2": (None, None, 64), "P3": (None, None, 128)}, width=32, coarsest=4)
    >>> outputs = network({"P2": np.zeros((1, 9, 12, 64)), "P3": np.zeros((1, 5, 6, 128))})
    >>> {level: features.shape for level, features in outputs.items()}
    {'P2': TensorShape([1, 9, 12, 32]), 'P3': TensorShape([1, 5, 6, 32]), 'P4': TensorShape([1, 3, 3, 32])}

    References:

    - [Lin et al., 2017](https://arxiv.org/abs/1612.03144), section 3
    - [Lin et al., 2017](https://arxiv.org/abs/1708.02002), section 4, for the coarser levels
    """
    check_count("width", width)
    inputs = {level: keras.Input(shape, name=level) for level, shape in maps.items()}
    levels = sorted(inputs, key=lambda level: int(level[1:]))
    if not levels:
        raise ValueError(f"An FPN needs at least one feature map. Received: maps={dict(maps)}")
    outputs, coarser = {}, None
    for level in reversed(levels):
        x = keras.layers.Conv2D(width, 1, name=f"{level}_lateral")(inputs[level])
        if coarser is not None:
            x = keras.layers.Add(name=f"{level}_add")([x, UpsampleLike(name=f"{level}_up")(coarser, x)])
        coarser = x
        outputs[level] = keras.layers.Conv2D(width, 3, padding="same", name=f"{level}_output")(x)
    outputs = {level: outputs[level] for level in levels}
    x = outputs[levels[-1]]
    for number in range(int(levels[-1][1:]) + 1, (coarsest or 0) + 1):
        x = keras.layers.Conv2D(width, 3, strides=2, padding="same", name=f"P{number}_output")(x)
        outputs[f"P{number}"] = x
        x = keras.layers.ReLU(name=f"P{number}_relu")(x)
    return keras.Model(inputs, outputs, name=name)
