from collections.abc import Sequence

import keras

from keras_ssl.checks.arguments import check_count, check_counts
from keras_ssl.checks.images import check_image_shape
from keras_ssl.layers.blocks import batch_norm_layer, normalized_pixels

# The authors' first code has 5 x 5. Four is twice the stride, so that a transposed convolution covers every pixel
# equally often (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts"). It takes two thirds of the time, and
# the code of the paper's third author has it: https://github.com/soumith/dcgan.torch.
KERNEL_SIZE = 4
NEGATIVE_SLOPE = 0.2  # section 4
FIRST_FILTERS = 64  # as in dcgan.torch; the paper's figure 1 has 128 next to the image
BASE_SIZE = 4  # figure 1: the generator starts from 4 x 4
# Down to 1 x 1 for the 8 x 8 digits: at least three points more few-label accuracy than with two stages.
FEWEST_STAGES = 3


def dcgan_generator(
    image_shape: Sequence[int],
    latent_dim: int = 100,
    filters: Sequence[int] | None = None,
    synchronized: bool = False,
    name: str = "dcgan_generator",
) -> keras.Model:
    """DCGAN's generator: from latent vectors to images, by transposed convolutions.

    A dense layer makes the smallest map, and each transposed convolution doubles it, up to the size of the image.
    For odd sizes, whose half is rounded up, one row or column is cut off. Batch normalization and LeakyReLU (0.2)
    follow all convolutions but the last, which has tanh. Gives raw pixels in `[0, 255]`, float32 under every dtype
    policy.

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of an image; any number of channels.
        latent_dim: Integer > 0. Size of a latent vector. Defaults to `100`, as in the paper.
        filters: Sequence of integers > 0. The discriminator's channels from large to small maps; the generator has
            them in reverse. Defaults to `None`: 64 and doubled with each halving of the shorter side, rounded up,
            down to 4 pixels, with at least three values: `(64, 128, 256)` up to 32 pixels, and 512 in addition for
            64.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"dcgan_generator"`.

    Returns:
        A `keras.Model` from latent vectors `(batch, latent_dim)` to images `(batch, height, width, channels)`.

    Raises:
        ValueError: If an argument is out of its range, or the images are too small for the smallest map.

    Example:

    >>> generator = keras_ssl.backbones.dcgan_generator((28, 28, 1))
    >>> generator(np.random.normal(size=(2, 100))).shape
    TensorShape([2, 28, 28, 1])

    Reference:

    - [Radford et al., 2015](https://arxiv.org/abs/1511.06434), section 3 and figure 1; its ReLU is here LeakyReLU
    """
    check_count("latent_dim", latent_dim)
    shape, filters = _checked(image_shape, filters)
    sizes = _halved(shape[:2], len(filters))
    latents = keras.Input((latent_dim,), name="latents")
    x = keras.layers.Dense(
        sizes[-1][0] * sizes[-1][1] * filters[-1], use_bias=False, kernel_initializer=_normal(), name="base_dense"
    )(latents)
    x = keras.layers.Reshape((*sizes[-1], filters[-1]), name="base_map")(x)
    x = _normalize_and_activate(x, "base", synchronized=synchronized)
    for stage in range(len(filters) - 1, 0, -1):
        x = _doubled(x, filters[stage - 1], sizes[stage], f"stage{stage}", use_bias=False)
        x = _normalize_and_activate(x, f"stage{stage}", synchronized=synchronized)
    x = _doubled(x, shape[-1], sizes[0], "image", use_bias=True)
    # In float32: half precision cannot represent all gray levels.
    x = keras.layers.Activation("tanh", dtype="float32", name="tanh")(x)
    return keras.Model(
        latents, keras.layers.Rescaling(127.5, offset=127.5, dtype="float32", name="pixels")(x), name=name
    )


def dcgan_discriminator(
    image_shape: Sequence[int],
    filters: Sequence[int] | None = None,
    spectral_normalization: bool = False,
    synchronized: bool = False,
    name: str = "dcgan_discriminator",
) -> keras.Model:
    """DCGAN's discriminator: from images to one logit, by strided convolutions.

    Each convolution halves the map, rounded up. Batch normalization, for all but the first, and LeakyReLU (0.2)
    follow. Takes raw pixels in `[0, 255]` and scales them to `[-1, 1]` itself. The outputs of the stages
    are those of the layers `"stage1"`, `"stage2"`, …; `keras_ssl.backbones.dcgan_encoder` computes features from
    them.

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of an image; any number of channels.
        filters: Sequence of integers > 0. Channels of each convolution. Defaults to `None`: as in
            `dcgan_generator`.
        spectral_normalization: Boolean. Whether to keep the spectral norm of every kernel at one, instead of batch
            normalization. Uses `keras.layers.SpectralNormalization`, which divides the kernel itself before each
            training pass; in the paper the gradient also passes through the norm. Defaults to `False`.
        synchronized: Boolean. Whether to compute batch statistics over all replicas. Defaults to `False`.
        name: String. Name of the model. Defaults to `"dcgan_discriminator"`.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)` to float32 logits `(batch, 1)`, positive for
        images that it classifies as real.

    Raises:
        ValueError: If an argument is out of its range, or the images are too small for the smallest map.

    Example:

    >>> discriminator = keras_ssl.backbones.dcgan_discriminator((32, 32, 3))
    >>> discriminator(np.zeros((2, 32, 32, 3), "uint8")).shape
    TensorShape([2, 1])

    Reference:

    - [Radford et al., 2015](https://arxiv.org/abs/1511.06434), section 3
    - [Miyato et al., 2018](https://arxiv.org/abs/1802.05957), for spectral normalization
    """
    shape, filters = _checked(image_shape, filters)
    images = keras.Input(shape, name="images")
    x = normalized_pixels(images)
    for stage, channels in enumerate(filters, start=1):
        batch_norm = stage > 1 and not spectral_normalization
        convolution = keras.layers.Conv2D(
            channels,
            KERNEL_SIZE,
            strides=2,
            padding="same",
            use_bias=not batch_norm,
            kernel_initializer=_normal(),
            name=f"stage{stage}_conv",
        )
        x = _constrained(convolution, spectral_normalization)(x)
        x = _normalize_and_activate(x, f"stage{stage}", batch_norm=batch_norm, synchronized=synchronized)
    x = keras.layers.Flatten(name="flatten")(x)
    logit = keras.layers.Dense(1, kernel_initializer=_normal(), dtype="float32", name="logit")
    return keras.Model(images, _constrained(logit, spectral_normalization)(x), name=name)


def _checked(image_shape, filters):
    if filters is None:
        height, width, _ = check_image_shape(image_shape, 1)
        stages = FEWEST_STAGES
        while min(_halved((height, width), stages)[-1]) > BASE_SIZE:
            stages += 1
        filters = [FIRST_FILTERS * 2**stage for stage in range(stages)]
    check_counts("filters", filters)
    return check_image_shape(image_shape, 2 ** len(filters)), filters


def _halved(size, times):
    """Sizes of all maps, from the image's to the smallest; halves are rounded up, as with padding "same"."""
    return [tuple(-(-side // 2**stage) for side in size) for stage in range(times + 1)]


def _doubled(x, filters, size, name, use_bias):
    """Transposed convolution, cropped to `size` if twice the map is one pixel larger."""
    x = keras.layers.Conv2DTranspose(
        filters,
        KERNEL_SIZE,
        strides=2,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=_normal(),
        name=f"{name}_conv",
    )(x)
    surplus = [(0, doubled - side) for doubled, side in zip(x.shape[1:3], size, strict=True)]
    return keras.layers.Cropping2D(surplus, name=f"{name}_crop")(x) if any(map(sum, surplus)) else x


def _normalize_and_activate(x, name, batch_norm=True, synchronized=False):
    if batch_norm:
        x = batch_norm_layer(f"{name}_bn", synchronized=synchronized)(x)
    return keras.layers.LeakyReLU(NEGATIVE_SLOPE, name=name)(x)


def _constrained(layer, spectral_normalization):
    if not spectral_normalization:
        return layer
    return keras.layers.SpectralNormalization(layer, dtype=layer.dtype_policy, name=f"{layer.name}_sn")


def _normal():
    """The paper's initial weights (section 4)."""
    return keras.initializers.RandomNormal(stddev=0.02)
