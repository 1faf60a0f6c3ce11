from typing import TYPE_CHECKING

import keras
import numpy as np
import numpy.typing as npt

from keras_ssl.checks.images import check_image_array
from keras_ssl.plots.image_grid import draw_image, image_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def attention_maps(encoder: keras.Model, images: npt.ArrayLike, block: int = -1) -> "Figure":
    """Attention maps of a vision transformer: each image beside the attention of every head of one block.

    If the encoder has a class token, its attention to the patches is shown, as in Caron et al. 2021, "Emerging
    Properties in Self-Supervised Vision Transformers" (https://arxiv.org/abs/2104.14294), figure 1, where heads of a
    DINO encoder find the objects. With mean pooling, the mean attention of all patches is shown. Bright means high.
    Each map has its own scale.

    Args:
        encoder: A `keras_ssl.backbones.vit`, or a method that has one.
        images: Array (n, height, width, channels), raw pixels in [0, 255]. Each image gets a row.
        block: Integer. Index of the transformer block; negative indices count from the end. Defaults to `-1`, the
            last block.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If the encoder is not a vision transformer, has no such block, or `images` is not an array of
            images.

    Example:

    >>> images = np.random.uniform(0, 255, (4, 32, 32, 3))
    >>> encoder = keras_ssl.backbones.vit((32, 32, 3), patch_size=4, size="tiny", depth=2, pooling="cls")
    >>> figure = keras_ssl.plots.attention_maps(encoder, images)
    >>> figure.savefig("attention.png")
    """
    images = check_image_array(images, "images")
    maps = _attention(getattr(encoder, "encoder", encoder), images, block)
    heads = maps.shape[1]
    figure, axes = image_grid(len(images), 1 + heads, row_height=1.08)
    for column, title in enumerate(["image", *(f"head {head}" for head in range(1, heads + 1))]):
        axes[0, column].set_title(title, fontsize=10)
    for row, image in enumerate(images):
        draw_image(axes[row, 0], image)
        for column, looked_at in enumerate(maps[row], start=1):
            axes[row, column].imshow(looked_at, cmap="viridis", interpolation="nearest")
            axes[row, column].set(xticks=[], yticks=[])
            axes[row, column].spines[:].set_visible(False)
    return figure


def _attention(encoder, images, block):
    """Return the share of attention that each patch gets, an array (images, heads, rows, columns)."""
    layers = {layer.name: layer for layer in getattr(encoder, "layers", [])}
    if "patch_tokens" not in layers or "transformer" not in layers:
        raise ValueError(
            "encoder must be a keras_ssl.backbones.vit: only a vision transformer has attention maps. "
            f"Received: encoder={encoder!r}, which has no layers patch_tokens and transformer"
        )
    transformer = layers["transformer"]
    attentions = [layer for layer in transformer.layers if hasattr(layer, "attention")]
    if not -len(attentions) <= block < len(attentions):
        raise ValueError(
            f"block must be an index of one of the transformer's {len(attentions)} blocks. Received: block={block}"
        )
    layer = attentions[block]
    tokens = layers["patch_tokens"](layers["rescaling"](images))
    weights = np.asarray(layer.attention(keras.Model(transformer.input, layer.input)(tokens)))
    class_tokens = weights.shape[-1] - tokens.shape[1]
    queries = weights[:, :, :class_tokens] if class_tokens else weights
    looked_at = queries[..., class_tokens:].mean(axis=2)
    patch = layers["patch_tokens"].patch_size
    return looked_at.reshape(*looked_at.shape[:2], images.shape[1] // patch, images.shape[2] // patch)
