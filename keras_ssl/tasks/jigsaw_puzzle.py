from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_ssl.augment import Draws
from keras_ssl.checks.arguments import check_image_size, is_count
from keras_ssl.tasks.permutation_set import permutation_set
from keras_ssl.tasks.tiles import cut_tiles, shuffle_tiles, standardize_tiles

# Section 3.2 of the paper: tiles of 64 pixels in cells of 75.
TILE, CELL = 64, 75
# Smaller tiles show nothing.
SMALLEST_TILE = 4


class JigsawPuzzle:
    """Cuts images into tiles and shuffles them; the label is the permutation.

    Noroozi and Favaro 2016, "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles"
    (https://arxiv.org/abs/1603.09246), section 3. The permutation is one of a set whose members differ in many
    places: `keras_ssl.tasks.permutation_set`. Against shortcuts, tiles are cut with gaps of random width between
    them, and each is standardized: `cut_tiles`, `standardize_tiles`.

    Args:
        image_shape: Tuple `(height, width, channels)` of the images.
        grid: Integer of at least 2. Tiles in a row and in a column. Defaults to `3`, as in the paper.
        permutations: Integer from 2 to the factorial of `grid * grid`. The number of permutations. Or the set itself,
            a list of rows, each with the index of the tile for every place. Defaults to `100`, as in the paper.
        tile_size: Integer or pair of integers (height, width), at least 4 and at most a cell, `height // grid` and
            `width // grid`. Defaults to 64/75 of a cell as in the paper, but at least 4.

    Attributes:
        grid: Integer.
        permutations: Int32 array of shape `(permutations, grid * grid)`.
        tile_size: Pair of integers (height, width).

    Raises:
        ValueError: If the images cannot be cut into such tiles, or there are no such permutations.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (8, 32, 32, 3), dtype="uint8")
    >>> puzzle = keras_ssl.tasks.JigsawPuzzle((32, 32, 3), permutations=30)
    >>> tiles, labels = puzzle(images, keras_ssl.augment.Draws((0, 1)))
    >>> tiles.shape, labels.shape
    (TensorShape([8, 9, 8, 8, 3]), TensorShape([8]))
    """

    def __init__(
        self,
        image_shape: Sequence[int | None],
        grid: int = 3,
        permutations: int | Sequence[Sequence[int]] = 100,
        tile_size: int | tuple[int, int] | None = None,
    ):
        if not is_count(grid) or grid < 2:
            raise ValueError(
                f"A puzzle has at least two tiles in a row: grid is an int of at least 2. Received: grid={grid!r}"
            )
        self.grid = int(grid)
        self.tile_size = _tile_size(image_shape, self.grid, tile_size)
        self.permutations = _permutations(permutations, self.grid**2)

    def __call__(self, images: tf.Tensor, draws: Draws) -> tuple[tf.Tensor, tf.Tensor]:
        """Cuts and shuffles images.

        Args:
            images: Tensor of shape `(batch, height, width, channels)`, raw pixels in [0, 255].
            draws: `keras_ssl.augment.Draws` for the permutations and the places of the tiles.

        Returns:
            A tuple of the tiles, a float32 tensor of shape `(batch, grid * grid, *tile_size, channels)`, raw pixels
            in [0, 255], and the indices of their permutations, an int32 tensor of shape `(batch,)`.
        """
        labels = draws.integers(tf.shape(images)[0], 1, len(self.permutations))[:, 0]
        tiles = standardize_tiles(cut_tiles(images, self.grid, self.tile_size, draws))
        return shuffle_tiles(tiles, tf.gather(self.permutations, labels)), labels


def _tile_size(image_shape, grid, tile_size):
    if None in image_shape[:2]:
        raise ValueError(
            "Tiles are parts of images of one size: build the encoder with (height, width, channels). "
            f"Received: images of shape {tuple(image_shape)}"
        )
    cell = tuple(side // grid for side in image_shape[:2])
    if min(cell) < SMALLEST_TILE:
        raise ValueError(
            f"A grid of {grid} x {grid} leaves cells of {cell[0]} x {cell[1]} pixels, and a tile needs at least "
            f"{SMALLEST_TILE} on each side: take larger images or a smaller grid. "
            f"Received: grid={grid}, images of shape {tuple(image_shape)}"
        )
    if tile_size is None:
        return tuple(max(SMALLEST_TILE, side * TILE // CELL) for side in cell)
    tile = check_image_size(tile_size)
    if not all(SMALLEST_TILE <= side <= most for side, most in zip(tile, cell, strict=True)):
        raise ValueError(
            f"Tiles need at least {SMALLEST_TILE} pixels on each side and must fit into their cell, which has "
            f"{cell[0]} x {cell[1]}. Received: tile_size={tile_size}"
        )
    return tile


def _permutations(permutations, tiles):
    if is_count(permutations):
        return permutation_set(tiles, int(permutations)).astype(np.int32)
    rows = np.asarray(permutations)
    if rows.ndim != 2 or len(rows) < 2 or any(sorted(row) != list(range(tiles)) for row in rows.tolist()):
        raise ValueError(
            f"permutations must be their number, or a list of at least two orders of the {tiles} tiles 0 to "
            f"{tiles - 1}. Received: permutations={permutations!r}"
        )
    return rows.astype(np.int32)
