from collections.abc import Callable, Sequence

import keras
import numpy.typing as npt
import tensorflow as tf

from keras_ssl import heads
from keras_ssl.augment import Draws
from keras_ssl.checks.networks import check_decoder
from keras_ssl.losses import masked_pixel_error
from keras_ssl.tasks.task import Task

#: What replaces hidden pixels: zero after the encoders' rescaling to [-1, 1].
MID_GRAY = 127.5


@keras.saving.register_keras_serializable("keras_ssl.tasks")
class MissingBlock(Task):
    """Rebuilds a block that was cut out of the image: the task of `keras_ssl.Inpainting`.

    Pathak et al. 2016 (https://arxiv.org/abs/1604.07379): the encoder sees the image with a block in mid-gray, and a
    decoder rebuilds the image from the features. The loss is `keras_ssl.losses.masked_pixel_error` in the block.

    Args:
        decoder: A built `keras.Model` from features to images of the encoder's shape, pixels scaled to [0, 1].
            Defaults to `heads.mirror(encoder)`.
        block_share: Float in (0, 1). The block's share of the image's height and of its width. Defaults to `0.5`, a
            quarter of the area, as in the paper.
        central: Boolean. Whether the block is always in the middle. Defaults to `False`, a random place.
        augmented: Boolean. Whether to take a random view of each image instead of the image. Defaults to `False`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If no pixel is inside the block or none is outside, the decoder does not fit, or none is given and
            the encoder has no mirror. Raised when the task gets its encoder.

    Example:

    >>> import keras_ssl
    >>> tasks = {"fill": keras_ssl.tasks.MissingBlock(), "turn": keras_ssl.tasks.Rotation()}
    >>> model = keras_ssl.MultiTask(keras_ssl.backbones.conv_encoder((32, 32, 3)), tasks)
    """

    def __init__(
        self,
        decoder: keras.Model | None = None,
        *,
        block_share: float = 0.5,
        central: bool = False,
        augmented: bool = False,
        **kwargs,
    ):
        super().__init__(augmented=augmented, **kwargs)
        self.decoder = decoder
        self.block_share = float(block_share)
        self.central = bool(central)

    def build_head(self, encoder: keras.Model) -> None:
        """Builds the encoder's mirror image, unless there is a decoder."""
        image_shape = encoder.input_shape[1:]
        self.block_size = block_size(image_shape, self.block_share)
        self.decoder = self.decoder or heads.mirror(encoder)
        check_decoder(self.decoder, encoder.output_shape[-1], image_shape)

    def forward(
        self, encoder: Callable, images: tf.Tensor, target: None, draws: Draws, training: bool
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Compares the pixels of the block with their prediction from the others."""
        mask = self.mask(images, draws)
        rebuilt = self.rebuild(encoder, blank(images, mask), training)
        return masked_pixel_error(rebuilt, images / 255.0, mask), {}

    def mask(self, images: tf.Tensor, draws: Draws) -> tf.Tensor:
        """Boolean tensor of shape `(batch, height, width, 1)`, True in a block of each image."""
        return block_mask(images, self.block_size, None if self.central else draws)

    def rebuild(self, encoder: Callable, images: tf.Tensor, training: bool) -> tf.Tensor:
        """The decoder's images, of shape `(batch, height, width, channels)`, in [0, 1]."""
        return self.decoder(encoder(images, training=training), training=training)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "block_share": self.block_share,
            "central": self.central,
        }


def block_size(image_shape: Sequence[int | None], block_share: float) -> tuple[int, int]:
    """Height and width in pixels of a block that takes a share of each side of an image.

    Args:
        image_shape: Tuple `(height, width, channels)`.
        block_share: Float in (0, 1).

    Returns:
        Pair of integers (height, width).

    Raises:
        ValueError: If no pixel is inside the block or none is outside, or the images have no fixed size.

    Example:

    >>> import keras_ssl
    >>> keras_ssl.tasks.block_size((32, 48, 3), 0.5)
    (16, 24)
    """
    if None in image_shape[:2]:
        raise ValueError(
            "A block is a share of images of one size: build the encoder with (height, width, channels). "
            f"Received: images of shape {tuple(image_shape)}"
        )
    sizes = tuple(round(block_share * side) for side in image_shape[:2])
    if not all(0 < size < side for size, side in zip(sizes, image_shape, strict=False)):
        raise ValueError(
            "block_share is the block's share of the image's height and of its width, above 0 and below 1, and some "
            f"pixels must be inside and some outside. Of {image_shape[0]} x {image_shape[1]} pixels the block would "
            f"have {sizes[0]} x {sizes[1]}. Received: block_share={block_share}"
        )
    return sizes


def block_mask(images: npt.ArrayLike, size: tuple[int, int], draws: Draws | None = None) -> tf.Tensor:
    """A mask with a block in each image, of the same size in all.

    Args:
        images: Tensor of shape `(batch, height, width, channels)`.
        size: Pair of integers (height, width). The size of the block.
        draws: `keras_ssl.augment.Draws` for the block's place. Defaults to `None`: the block is in the middle.

    Returns:
        Boolean tensor of shape `(batch, height, width, 1)`, True inside the block.

    Example:

    >>> import keras_ssl, numpy as np
    >>> mask = keras_ssl.tasks.block_mask(np.zeros((1, 4, 4, 3)), (2, 2))
    >>> mask[0, ..., 0].numpy().astype(int).tolist()
    [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    images = tf.convert_to_tensor(images)
    batch = tf.shape(images)[0]
    inside = []
    for side, block in zip(images.shape[1:3], size, strict=True):
        room = side - block
        start = tf.fill((batch, 1), room // 2) if draws is None else draws.integers(batch, 1, room + 1)
        inside.append((tf.range(side) >= start) & (tf.range(side) < start + block))
    rows, columns = inside
    return (rows[:, :, tf.newaxis] & columns[:, tf.newaxis, :])[..., tf.newaxis]


def blank(images: npt.ArrayLike, mask: npt.ArrayLike) -> tf.Tensor:
    """Replaces masked pixels by mid-gray.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`, raw pixels in [0, 255].
        mask: Boolean tensor of shape `(batch, height, width, 1)`, True where pixels are hidden.

    Returns:
        Tensor of the shape of `images`.

    Example:

    >>> import keras_ssl
    >>> keras_ssl.tasks.blank([[[[3.0], [4.0]]]], [[[[True], [False]]]]).numpy().tolist()
    [[[[127.5], [4.0]]]]
    """
    return tf.where(mask, MID_GRAY, images)
