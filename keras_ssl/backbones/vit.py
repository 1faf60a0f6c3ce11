from collections.abc import Sequence

import keras

from keras_ssl.checks.arguments import check_count
from keras_ssl.checks.images import check_image_shape
from keras_ssl.layers.blocks import normalized_pixels
from keras_ssl.layers.transformer import FirstToken, PatchTokens, transformer

# Width, depth and heads as in DeiT (Touvron et al., 2020, table 1), whose base size is that of ViT.
SIZES = {"tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12)}
POOLINGS = {"mean": keras.layers.GlobalAveragePooling1D, "cls": FirstToken}


def vit(
    image_shape: Sequence[int],
    patch_size: int,
    size: str = "small",
    *,
    width: int | None = None,
    depth: int | None = None,
    heads: int | None = None,
    pooling: str = "mean",
    name: str = "vit",
) -> keras.Model:
    """Vision transformer (ViT): a transformer on the square patches of an image.

    Pre-norm blocks and exact GELU as in ViT, the sizes of DeiT, and MAE's fixed sine-cosine positions instead of
    learned ones. No dropout. Takes raw pixels in `[0, 255]`, scales them to `[-1, 1]` itself, and gives float32
    features under every dtype policy.

    It has four named layers: `"rescaling"`; `"patch_tokens"`, from pixels to tokens `(batch, patches, width)` with
    their positions; `"transformer"`, from any number of tokens to as many normalized ones (with a class token one
    more, the first); and the pooling, `"features"`.

    Args:
        image_shape: Tuple `(height, width, channels)`. Shape of an image; any number of channels.
        patch_size: Integer > 0. Height and width of a patch in pixels; divides those of the image. ViT has 16 for
            images of 224 pixels; 4 suits 32 pixels. Half the size gives four times the tokens.
        size: String. `"tiny"`, `"small"` or `"base"`, for width 192, 384 or 768 and 3, 6 or 12 heads, all with
            depth 12. Defaults to `"small"`.
        width: Integer > 0, a multiple of 4. Channels of a token, and number of features. Defaults to `None`: by
            `size`.
        depth: Integer > 0. Number of transformer blocks. Defaults to `None`: by `size`.
        heads: Integer > 0. Attention heads of each block; divides the width. Defaults to `None`: by `size`.
        pooling: String. `"mean"` averages the tokens of the patches, without a class token; `"cls"` takes the class
            token. Defaults to `"mean"`, which works as well according to MAE (appendix A.1).
        name: String. Name of the model. Defaults to `"vit"`.

    Returns:
        A `keras.Model` from images `(batch, height, width, channels)` to features `(batch, width)`.

    Raises:
        ValueError: If an argument is out of its range, or `patch_size` does not divide the image.

    Example:

    >>> encoder = keras_ssl.backbones.vit((32, 32, 3), patch_size=4, size="tiny", depth=2)
    >>> encoder(np.zeros((2, 32, 32, 3), "uint8")).shape
    TensorShape([2, 192])

    References:

    - [Dosovitskiy et al., 2020](https://arxiv.org/abs/2010.11929), section 3.1
    - [Touvron et al., 2020](https://arxiv.org/abs/2012.12877), table 1, for the sizes
    - [He et al., 2021](https://arxiv.org/abs/2111.06377), appendix A.1, for the positions
    """
    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(map(repr, SIZES))}. Received: size={size!r}")
    if pooling not in POOLINGS:
        raise ValueError(f'pooling must be "mean" or "cls". Received: pooling={pooling!r}')
    check_count("patch_size", patch_size)
    shape = check_image_shape(image_shape, patch_size)
    if shape[0] % patch_size or shape[1] % patch_size:
        raise ValueError(
            "Patches must cover the image exactly. Use a patch_size that divides its height and width, or resize "
            f"the images. Received: image_shape={shape}, patch_size={patch_size}"
        )
    width, depth, heads = (
        own if own is not None else default for own, default in zip((width, depth, heads), SIZES[size], strict=True)
    )
    check_count("width", width)
    images = keras.Input(shape, name="images")
    x = PatchTokens(width, patch_size, name="patch_tokens")(normalized_pixels(images))
    x = transformer(width, depth, heads, class_token=pooling == "cls")(x)
    return keras.Model(images, POOLINGS[pooling](dtype="float32", name="features")(x), name=name)
