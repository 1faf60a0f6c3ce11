import math

import keras

from keras_ssl.checks.arguments import check_count
from keras_ssl.layers.blocks import batch_norm_layer, dense_batch_norm_relu, relu


def mirror(
    encoder: keras.Model,
    input_units: int | None = None,
    channels: int | None = None,
    synchronized: bool = False,
    name: str = "decoder",
) -> keras.Model:
    """Decoder with the layer sizes of an encoder in reverse order.

    For an encoder with feature maps: a dense layer to the smallest map, and a transposed convolution to each larger
    map, with the same channels, up to the image. For an encoder of dense layers only: their widths in reverse order.
    Batch normalization and ReLU follow each hidden layer. The output is linear, float32 under every dtype policy.

    Args:
        encoder: A built `keras.Model` from images `(batch, height, width, channels)` to features `(batch, features)`.
        input_units: Integer > 0. Dimensions of the code. Defaults to `None`: the number of features.
        channels: Integer > 0. Channels of the output. Defaults to `None`: those of the image.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"decoder"`.

    Returns:
        A `keras.Model` from codes `(batch, input_units)` to `(batch, height, width, channels)`, as large as the
        encoder's images.

    Raises:
        ValueError: If the encoder has neither feature maps that get smaller nor dense layers only, or has no fixed
            image size.

    Example:

    >>> encoder = keras_ssl.backbones.conv_encoder((32, 32, 3), units=64)
    >>> decoder = keras_ssl.heads.mirror(encoder)
    >>> decoder.input_shape, decoder.output_shape
    ((None, 64), (None, 32, 32, 3))
    """
    image_shape = encoder.input_shape[1:]
    if None in image_shape:
        raise ValueError(
            "A decoder makes images of one size. Build the encoder with (height, width, channels), or pass a decoder "
            f"of your own. Received: encoder.input_shape={encoder.input_shape}"
        )
    input_units = encoder.output_shape[-1] if input_units is None else input_units
    check_count("input_units", input_units)
    if channels is not None:
        check_count("channels", channels)
        image_shape = (*image_shape[:2], int(channels))
    codes = keras.Input((int(input_units),), name="codes")
    maps = [image_shape if shape == encoder.input_shape[1:] else shape for shape in _feature_maps(encoder)]
    if len(maps) > 1:
        outputs = _transposed_convolutions(codes, maps, image_shape, synchronized)
    elif all(_is_dense(layer) for layer in encoder._flatten_layers(include_self=False)):
        outputs = _dense(codes, encoder, image_shape, synchronized)
    else:
        raise ValueError(
            "There is no mirror of this encoder: it has neither feature maps that get smaller nor dense layers only. "
            "Give decoder=, a keras.Model from features to images. "
            f"Received: encoder={encoder.name!r} with {', '.join(sorted({type(x).__name__ for x in encoder.layers}))}"
        )
    return keras.Model(codes, outputs, name=name)


def _feature_maps(encoder):
    """Shapes (height, width, channels) from the image to the smallest map, the last of each size."""
    maps = {}
    for layer in encoder._flatten_layers(include_self=False):
        shape = _output_shape(layer)
        if len(shape) == 4 and None not in shape[1:]:
            smallest = min(maps) if maps else shape[1:3]
            if shape[1] <= smallest[0] and shape[2] <= smallest[1]:
                maps[shape[1:3]] = shape[1:]
    return list(maps.values())


def _output_shape(layer):
    try:
        return tuple(layer.output.shape)
    except (AttributeError, ValueError):  # a list of outputs, or a layer inside another that Keras has not traced
        return ()


def _is_dense(layer):
    kinds = (keras.layers.Dense, keras.layers.BatchNormalization, keras.Model)
    return isinstance(layer, kinds) or not layer.weights


def _transposed_convolutions(x, maps, image_shape, synchronized):
    for layer in dense_batch_norm_relu(math.prod(maps[-1]), "unflatten", synchronized=synchronized):
        x = layer(x)
    x = keras.layers.Reshape(maps[-1], name="smallest_map")(x)
    # Without a strided stem the first map has the image's size, but other channels.
    ends_in_map = maps[0][-1] != image_shape[-1]
    steps = list(zip(maps[:0:-1], maps[-2::-1], strict=True))
    for index, (small, large) in enumerate(steps, start=1):
        if index == len(steps) and not ends_in_map:
            return _enlarge(x, small, large, "image", dtype="float32")
        x = _enlarge(x, small, large, f"up{index}", use_bias=False)
        x = batch_norm_layer(f"up{index}_bn", synchronized=synchronized)(x)
        x = relu(x, f"up{index}")
    return keras.layers.Conv2D(image_shape[-1], 3, padding="same", dtype="float32", name="image")(x)


def _enlarge(x, small, large, name, **kwargs):
    """Upsample one map to the size of another: transposed convolution, then cropping."""
    strides = tuple(math.ceil(size / before) for size, before in zip(large[:2], small[:2], strict=True))
    # A kernel size divisible by the stride avoids checkerboard artifacts: every output pixel sees as many inputs.
    kernel = tuple(2 * stride for stride in strides)
    x = keras.layers.Conv2DTranspose(
        large[-1], kernel, strides=strides, padding="same", name=f"{name}_conv", **kwargs
    )(x)
    surplus = [stride * before - size for stride, before, size in zip(strides, small, large[:2], strict=False)]
    if any(surplus):
        x = keras.layers.Cropping2D([(0, surplus[0]), (0, surplus[1])], name=f"{name}_crop")(x)
    return x


def _dense(x, encoder, image_shape, synchronized):
    units = [layer.units for layer in encoder._flatten_layers() if isinstance(layer, keras.layers.Dense)]
    for index, count in enumerate(units[-2::-1], start=1):
        for layer in dense_batch_norm_relu(count, f"layer{index}", synchronized=synchronized):
            x = layer(x)
    x = keras.layers.Dense(math.prod(image_shape), dtype="float32", name="pixels")(x)
    return keras.layers.Reshape(image_shape, dtype="float32", name="image")(x)
