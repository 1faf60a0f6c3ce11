import math

import numpy.typing as npt
import tensorflow as tf

from keras_ssl.augment import Draws

# Of the pixels of standardized tiles: mid-gray, and a third of the distance from it to black and to white.
MEAN, DEVIATION = 127.5, 42.5
# Added to the variance, in squared gray levels, so that the noise of a flat tile is not amplified into a pattern.
EPSILON = 1.0


def cut_tiles(images: npt.ArrayLike, grid: int, tile_size: tuple[int, int], draws: Draws) -> tf.Tensor:
    """Cuts each image into the tiles of a grid, each tile at a random place inside its cell.

    This leaves random gaps between neighbors. Lines that continue across an edge would solve the puzzle without any
    knowledge of what is in the tiles (Noroozi and Favaro 2016, https://arxiv.org/abs/1603.09246, section 3.3, on
    shortcuts).

    Args:
        images: Tensor of shape `(batch, height, width, channels)`. Rows and columns at the edges that do not fit into
            cells of equal size are left out.
        grid: Integer. Cells in a row and in a column.
        tile_size: Pair of integers (height, width), at most the size of a cell.
        draws: `keras_ssl.augment.Draws` for the places.

    Returns:
        Tensor of shape `(batch, grid * grid, *tile_size, channels)`, row after row of the grid.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (8, 32, 32, 3), dtype="uint8")
    >>> draws = keras_ssl.augment.Draws((0, 1))
    >>> keras_ssl.tasks.cut_tiles(images, 3, (8, 8), draws).shape
    TensorShape([8, 9, 8, 8, 3])
    """
    images = tf.convert_to_tensor(images)
    height, width, channels = images.shape[1:]
    rows, columns = height // grid, width // grid
    top, left = height % grid // 2, width % grid // 2
    cells = images[:, top : top + grid * rows, left : left + grid * columns]
    cells = tf.reshape(cells, (-1, grid, rows, grid, columns, channels))
    cells = tf.reshape(tf.transpose(cells, (0, 1, 3, 2, 4, 5)), (-1, grid**2, rows, columns, channels))
    for axis, (cell, tile) in enumerate(zip((rows, columns), tile_size, strict=True), start=2):
        start = draws.integers(tf.shape(images)[0], grid**2, cell - tile + 1)
        cells = tf.gather(cells, start[..., tf.newaxis] + tf.range(tile), axis=axis, batch_dims=2)
    return cells


def standardize_tiles(tiles: npt.ArrayLike) -> tf.Tensor:
    """Gives each channel of each tile the same mean and standard deviation, as raw pixels.

    Neighbors share their brightness and their tint, which would tell that they are neighbors (section 3.3 of the
    paper). Encoders take raw pixels, so the mean is mid-gray and the deviation a third of the distance to black or
    white.

    Args:
        tiles: Tensor of shape `(batch, tiles, height, width, channels)`, raw pixels in [0, 255].

    Returns:
        Float32 tensor of the same shape, in [0, 255].

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> tiles = tf.random.uniform((2, 9, 8, 8, 3), 0, 100)
    >>> round(float(tf.reduce_mean(keras_ssl.tasks.standardize_tiles(tiles))))
    128
    """
    tiles = tf.cast(tiles, tf.float32)
    mean, variance = tf.nn.moments(tiles, axes=(2, 3), keepdims=True)
    return tf.clip_by_value(MEAN + DEVIATION * (tiles - mean) * tf.math.rsqrt(variance + EPSILON), 0.0, 255.0)


def shuffle_tiles(tiles: npt.ArrayLike, permutations: npt.ArrayLike) -> tf.Tensor:
    """Puts tiles in another order.

    Args:
        tiles: Tensor of shape `(batch, tiles, …)`.
        permutations: Integer tensor of shape `(batch, tiles)`: for each place, the index of the tile to put there.

    Returns:
        Tensor of the shape of `tiles`.

    Example:

    >>> import keras_ssl
    >>> keras_ssl.tasks.shuffle_tiles([["a", "b", "c"]], [[2, 0, 1]]).numpy().astype(str).tolist()
    [['c', 'a', 'b']]
    """
    return tf.gather(tiles, permutations, axis=1, batch_dims=1)


def lay_tiles(tiles: npt.ArrayLike, gap: int = 1) -> tf.Tensor:
    """Lays tiles side by side as one image, for plots.

    Args:
        tiles: Tensor of shape `(batch, grid * grid, height, width, channels)`, raw pixels in [0, 255].
        gap: Non-negative integer. White pixels between neighbors. Defaults to `1`.

    Returns:
        Tensor of shape `(batch, grid * height + (grid - 1) * gap, grid * width + (grid - 1) * gap, channels)`.

    Example:

    >>> import keras_ssl, tensorflow as tf
    >>> keras_ssl.tasks.lay_tiles(tf.zeros((2, 9, 8, 8, 3))).shape
    TensorShape([2, 26, 26, 3])
    """
    tiles = tf.convert_to_tensor(tiles)
    count, height, width, channels = tiles.shape[1:]
    grid = math.isqrt(count)
    framed = tf.pad(tiles, ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0)), constant_values=255)
    rows = tf.reshape(framed, (-1, grid, grid, height + gap, width + gap, channels))
    laid = tf.reshape(
        tf.transpose(rows, (0, 1, 3, 2, 4, 5)), (-1, grid * (height + gap), grid * (width + gap), channels)
    )
    return laid[:, : laid.shape[1] - gap, : laid.shape[2] - gap]
