from collections.abc import Sequence

import keras

from keras_ssl.checks.arguments import check_count
from keras_ssl.checks.images import check_image_shape
from keras_ssl.layers.blocks import average_pool, conv_batch_norm, normalized_pixels, relu

# SimCLR (appendix B.9) and most papers treat as small CIFAR's 32 pixels, and the 64 of Tiny ImageNet and downscaled
# STL-10: ImageNet's stem would reduce 32 x 32 to 8 x 8 before the first block.
SMALL_STEM_UP_TO = 64
TOTAL_STRIDE = {"small": 8, "large": 32}


def resnet18(
    image_shape: Sequence[int],
    width: int = 64,
    stem: str = "auto",
    zero_init_residual: bool = False,
    synchronized: bool = False,
    name: str = "resnet18",
) -> keras.Model:
    """ResNet-18: four stages of two basic blocks.

    Takes raw pixels in `[0, 255]`, scales them to `[-1, 1]` itself, and gives float32 features under every dtype
    policy. The outputs of the stages are those of the layers `"stage1"` to `"stage4"`, for detection and
    segmentation. Strided convolutions have `"same"` padding as in TensorFlow, at the bottom and right first.

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of an image; any number of channels.
        width: Integer > 0. Channels of the first stage, doubled by each later stage. There are `8 * width`
            features. Defaults to `64`.
        stem: String. `"small"` is a 3x3 convolution without stride or pooling, SimCLR's for CIFAR-10 (appendix B.9).
            `"large"` is the 7x7 convolution and the pooling of He et al., both with stride 2. `"auto"` is `"small"`
            for images up to 64 pixels on their shorter side. Defaults to `"auto"`.
        zero_init_residual: Boolean. Whether each block starts as the identity, with its last `gamma` at zero (Goyal
            et al., 2017, section 5.1; also in SimCLR's code). This stabilizes training with large batches and
            learning rates, and costs hundreds of steps until the blocks contribute. Defaults to `False`, as in
            torchvision.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"resnet18"`.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)` to features `(batch, 8 * width)`.

    Raises:
        ValueError: If an argument is out of its range, or the images are smaller than the network's stride (8 pixels
            with the small stem, 32 with the large one).

    Example:

    >>> encoder = keras_ssl.backbones.resnet18((32, 32, 3), width=16)
    >>> encoder(np.zeros((2, 32, 32, 3), "uint8")).shape
    TensorShape([2, 128])

    Reference:

    - [He et al., 2016](https://arxiv.org/abs/1512.03385), table 1
    """
    return _resnet(_basic_block, (2, 2, 2, 2), image_shape, width, stem, zero_init_residual, synchronized, name)


def resnet50(
    image_shape: Sequence[int],
    width: int = 64,
    stem: str = "auto",
    zero_init_residual: bool = False,
    synchronized: bool = False,
    name: str = "resnet50",
) -> keras.Model:
    """ResNet-50: four stages of 3, 4, 6 and 3 bottleneck blocks.

    The stride is in the 3x3 convolution of a block, not in the 1x1 before it ("v1.5", as in SimCLR's code and
    torchvision), so that no pixels are skipped, as by a 1x1 with a stride. Otherwise as `resnet18`, with `32 * width`
    features.

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of an image; any number of channels.
        width: Integer > 0. Inner channels of the first stage. The paper's 2x and 4x networks have 128 and 256.
            Defaults to `64`.
        stem: String. `"auto"`, `"small"` or `"large"`, as in `resnet18`. Defaults to `"auto"`.
        zero_init_residual: Boolean. Whether each block starts as the identity. Defaults to `False`.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"resnet50"`.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)` to features `(batch, 32 * width)`.

    Raises:
        ValueError: If an argument is out of its range, or the images are smaller than the network's stride.

    Example:

    >>> encoder = keras_ssl.backbones.resnet50((224, 224, 3))
    >>> encoder.output_shape
    (None, 2048)

    Reference:

    - [He et al., 2016](https://arxiv.org/abs/1512.03385), table 1
    """
    return _resnet(_bottleneck_block, (3, 4, 6, 3), image_shape, width, stem, zero_init_residual, synchronized, name)


def _resnet(block, blocks_per_stage, image_shape, width, stem, zero_init_residual, synchronized, name):
    check_count("width", width)
    if stem not in ("auto", *TOTAL_STRIDE):
        raise ValueError(f'stem must be "auto", "small" or "large". Received: stem={stem!r}')
    if stem == "auto":
        small = min(check_image_shape(image_shape, TOTAL_STRIDE["small"])[:2]) <= SMALL_STEM_UP_TO
        stem = "small" if small else "large"
    images = keras.Input(check_image_shape(image_shape, TOTAL_STRIDE[stem]), name="images")
    block_options = {
        "synchronized": synchronized,
        "last_gamma": "zeros" if zero_init_residual else "ones",
    }

    x = normalized_pixels(images)
    x = conv_batch_norm(x, width, *((3, 1) if stem == "small" else (7, 2)), "stem", synchronized=synchronized)
    x = relu(x, "stem")
    if stem == "large":
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage, blocks in enumerate(blocks_per_stage, start=1):
        for index in range(1, blocks + 1):
            strides = 2 if stage > 1 and index == 1 else 1
            output_name = f"stage{stage}" if index == blocks else f"stage{stage}_block{index}"
            x = block(
                x, width * 2 ** (stage - 1), strides, f"stage{stage}_block{index}", output_name, **block_options
            )
    return keras.Model(images, average_pool(x), name=name)


def _basic_block(x, filters, strides, name, output_name, *, last_gamma, synchronized):
    y = conv_batch_norm(x, filters, 3, strides, f"{name}_1", synchronized=synchronized)
    y = relu(y, f"{name}_1")
    y = conv_batch_norm(y, filters, 3, 1, f"{name}_2", synchronized=synchronized, gamma_initializer=last_gamma)
    return _add(_shortcut(x, filters, strides, name, synchronized), y, name, output_name)


def _bottleneck_block(x, filters, strides, name, output_name, *, last_gamma, synchronized):
    y = conv_batch_norm(x, filters, 1, 1, f"{name}_1", synchronized=synchronized)
    y = relu(y, f"{name}_1")
    y = conv_batch_norm(y, filters, 3, strides, f"{name}_2", synchronized=synchronized)
    y = relu(y, f"{name}_2")
    y = conv_batch_norm(y, 4 * filters, 1, 1, f"{name}_3", synchronized=synchronized, gamma_initializer=last_gamma)
    return _add(_shortcut(x, 4 * filters, strides, name, synchronized), y, name, output_name)


def _shortcut(x, filters, strides, name, synchronized):
    if strides == 1 and x.shape[-1] == filters:
        return x
    if strides > 1:
        # Selects the pixels that a 1x1 convolution with strides reads. The gradient of such a convolution in oneDNN
        # writes out of bounds if x has fewer channels than a vector register:
        # https://github.com/uxlfoundation/oneDNN/issues/6035
        x = keras.layers.AveragePooling2D(1, strides, name=f"{name}_shortcut_pixels")(x)
    return conv_batch_norm(x, filters, 1, 1, f"{name}_shortcut", synchronized=synchronized)


def _add(shortcut, residual, name, output_name):
    return relu(keras.layers.Add(name=f"{name}_add")([shortcut, residual]), output_name)
