import math
from collections.abc import Sequence

import keras

from keras_ssl.backbones.feature_map import has_kernels, last_feature_map
from keras_ssl.checks.networks import check_encoder
from keras_ssl.layers.transformer import EPSILON, PatchTokens

# Long enough that the sides of a map of stride 32 still tell the stride where convolutions have no padding.
PROBE_SIDE = 512


def feature_pyramid(
    encoder: keras.Model,
    levels: Sequence[int] | None = None,
    image_size: Sequence[int] | None = None,
    name: str = "feature_pyramid",
) -> keras.Model:
    """Feature maps of an encoder at several strides, for detection and segmentation.

    Level l, the output `"P{l}"`, has one location for 2**l × 2**l pixels. The pyramid is made of the encoder's layers: it
    shares their weights, and training one trains the other.

    A convolutional encoder, one of `keras.applications` behind `wrap` included, gives the last map of each stride
    that its later layers see as a whole, such as the output of a stage of a ResNet. A vision transformer has one
    stride, that of its patches. As in ViTDet, its last map is the level of the patches, two and four times as large
    ones follow by transposed convolutions, which are new and are trained, and one of half the size by max-pooling.

    Args:
        encoder: A functional `keras.Model` from images to features, built by one of `keras_ssl.backbones`.
        levels: Sequence of integers, the levels to give. Defaults to `None`: all that there are.
        image_size: Pair of integers `(height, width)`, of the images. Defaults to `None`: any size for convolutional
            encoders, the encoder's own for a vision transformer, whose patches need not divide it.
        name: String. Defaults to `"feature_pyramid"`.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)`, raw pixels in `[0, 255]`, to a dict of maps
        `(batch, ceil(height / 2**l), ceil(width / 2**l), channels)` by the names `"P{l}"`, finest first.

    Raises:
        ValueError: If the encoder has no feature maps that can be found, or not those of `levels`.

    Example:

    >>> encoder = keras_ssl.backbones.resnet18((32, 32, 3), width=8)
    >>> pyramid = keras_ssl.backbones.feature_pyramid(encoder)
    >>> {name: features.shape for name, features in pyramid(np.zeros((1, 50, 70, 3))).items()}
    {'P0': TensorShape([1, 50, 70, 8]), 'P1': TensorShape([1, 25, 35, 16]), 'P2': TensorShape([1, 13, 18, 32]), 'P3': TensorShape([1, 7, 9, 64])}

    References:

    - [Lin et al., 2017](https://arxiv.org/abs/1612.03144), for the levels' names
    - [Li et al., 2022](https://arxiv.org/abs/2203.16527), section 3, for vision transformers (ViTDet)
    """  # noqa: E501
    channels = check_encoder(encoder)[0][-1]
    if not _is_functional(encoder):
        raise ValueError(
            "A feature pyramid needs an encoder of the functional API, whose layers are known, such as "
            f"keras_ssl.backbones.resnet18. Received: encoder={encoder!r}"
        )
    patches = [layer for layer in encoder.layers if isinstance(layer, PatchTokens)]
    if patches:
        images = keras.Input((*(image_size or encoder.input_shape[1:3]), channels), name="images")
        maps = _maps_of_patches(encoder, images, patches[0].patch_size)
    else:
        images = keras.Input((*(image_size or (None, None)), channels), name="images")
        maps = _maps_of_stages(encoder, images)
    if not maps or not set(levels or ()) <= set(maps):
        raise ValueError(
            f"The encoder {encoder.name!r} has feature maps of the levels {sorted(maps)}; level l has stride 2**l. "
            f"Received: levels={None if levels is None else list(levels)}"
        )
    return keras.Model(images, {f"P{level}": maps[level] for level in sorted(levels or maps)}, name=name)


def _maps_of_stages(encoder, images):
    """The last feature map of each level that separates the layers before it from those after it.

    A tensor inside a residual block does not: the shortcut passes it by.
    """
    trunk = keras.Model(encoder.inputs, last_feature_map(encoder, "A feature pyramid begins with"))
    # The strides show at a fixed size. At any size the same calls follow in the same order.
    calls = _calls(trunk, keras.Input((PROBE_SIDE, PROBE_SIDE, images.shape[-1])))
    last_use = {}
    for index, (inputs, _) in enumerate(calls):
        last_use |= {id(tensor): index for tensor in inputs}
    chosen, open_until = {}, 0
    for index, (_, output) in enumerate(calls):
        passes_by = open_until > index
        open_until = max(open_until, last_use.get(id(output), 0))
        if not passes_by and len(output.shape) == 4 and output.shape[1] > 1:
            chosen[round(math.log2(PROBE_SIDE / output.shape[1]))] = index
    outputs = [output for _, output in _calls(trunk, images)]
    maps = {level: outputs[index] for level, index in chosen.items()}
    return {level: features for level, features in maps.items() if has_kernels(keras.Model(images, features))}


def _maps_of_patches(encoder, images, patch_size):
    """The patches' tokens as a map, and maps of four, two and half times its size: ViTDet's simple pyramid."""
    level = math.log2(patch_size)
    if level % 1:
        raise ValueError(
            "The levels of a feature pyramid have the strides 1, 2, 4, …: it needs a vision transformer whose "
            f"patch_size is one of them. Received: encoder={encoder.name!r} with patch_size={patch_size}"
        )
    level = int(level)
    sides = images.shape[1:3]
    rows, columns = (-(-side // patch_size) for side in sides)
    missing = (rows * patch_size - sides[0], columns * patch_size - sides[1])
    x = (
        keras.layers.ZeroPadding2D([(0, pixels) for pixels in missing], name="pad")(images)
        if any(missing)
        else images
    )
    tokens = next(x for (x, *_), pooled in reversed(_calls(encoder, x)) if _ranks(x, pooled) == (3, 2))
    width = tokens.shape[-1]
    # A class token comes before those of the patches.
    x = keras.layers.Reshape((rows, columns, width), name="token_grid")(tokens[:, -rows * columns :])
    maps = {level: x, level + 1: keras.layers.MaxPooling2D(2, padding="same", name="half")(x)}
    if level >= 1:
        maps[level - 1] = _upsample(x, width // 2, "double")
    if level >= 2:
        x = _upsample(x, width // 2, "quadruple_1")
        x = keras.layers.LayerNormalization(epsilon=EPSILON, name="quadruple_norm")(x)
        x = keras.layers.Activation("gelu", name="quadruple_gelu")(x)
        maps[level - 2] = _upsample(x, width // 4, "quadruple_2")
    # Without what only padding fills.
    return {level: x[:, : -(-sides[0] // 2**level), : -(-sides[1] // 2**level)] for level, x in maps.items()}


def _upsample(x, channels, name):
    return keras.layers.Conv2DTranspose(channels, 2, strides=2, name=name)(x)


def _calls(model, images):
    """Calls the layers of a functional model on `images`, those of models inside it too.

    Returns:
        List of pairs, in the order of the calls: the input tensors and the output tensor of a layer.
    """
    calls = []

    def call(layer, *args, **kwargs):
        if _is_functional(layer):
            return _functional(layer)._run_through_graph(args[0], call_fn=call)
        output = layer(*args, **kwargs)
        tensors = [x for x in keras.tree.flatten((args, kwargs)) if isinstance(x, keras.KerasTensor)]
        calls.append((tensors, output))
        return output

    call(model, images)
    return calls


def _is_functional(layer):
    return isinstance(layer, keras.Sequential) or hasattr(layer, "_run_through_graph")


def _functional(model):
    return keras.Model(model.inputs, model.outputs[0]) if isinstance(model, keras.Sequential) else model


def _ranks(*tensors):
    return tuple(len(tensor.shape) for tensor in tensors)
