import tensorflow as tf

#: What stands in the place of pixels that are not to be seen: zero behind the encoders' rescaling to [-1, 1].
MID_GRAY = 127.5


def block_size(image_shape, block_share):
    """Height and width in pixels of a block that is so large a share of each side of an image.

    Args:
        image_shape: (height, width, channels).
        block_share: float in (0, 1).

    Returns:
        Pair of ints (height, width).

    Raises:
        ValueError: when nothing or all of the image would lie in the block, or the images have no size.

    Example:

    >>> import keras_ssl
    >>> keras_ssl.pretext.block_size((32, 48, 3), 0.5)
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
            "block_share is the share of the image's height and of its width, above 0 and below 1, and some pixels "
            f"must lie inside and some outside: of {image_shape[0]} x {image_shape[1]} these would be {sizes[0]} x "
            f"{sizes[1]}. Received: block_share={block_share}"
        )
    return sizes


def block_mask(images, size, draws=None):
    """A block in each image, the same size in all.

    Args:
        images: (batch, height, width, channels) tensor.
        size: pair of ints (height, width), the block's.
        draws: `keras_ssl.augment.Draws`, on which alone the block's place depends. By default it is in the middle.

    Returns:
        Boolean tensor (batch, height, width, 1), True inside the block.

    Example:

    >>> import keras_ssl, numpy as np
    >>> mask = keras_ssl.pretext.block_mask(np.zeros((1, 4, 4, 3)), (2, 2))
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


def blank(images, mask):
    """Images with mid-gray where they are masked.

    Args:
        images: (batch, height, width, channels) float tensor, raw pixels in [0, 255].
        mask: (batch, height, width, 1) boolean tensor, True where nothing is to be seen.

    Returns:
        Tensor of the shape of `images`.

    Example:

    >>> import keras_ssl
    >>> keras_ssl.pretext.blank([[[[3.0], [4.0]]]], [[[[True], [False]]]]).numpy().tolist()
    [[[[127.5], [4.0]]]]
    """
    return tf.where(mask, MID_GRAY, images)
