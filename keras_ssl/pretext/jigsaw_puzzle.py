import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_image_size, is_count
from keras_ssl.pretext.permutation_set import permutation_set
from keras_ssl.pretext.tiles import cut_tiles, shuffle_tiles, standardize_tiles

# Section 3.2 of the paper: tiles of 64 pixels in cells of 75.
TILE, CELL = 64, 75
# Nothing can be seen in less.
SMALLEST_TILE = 4


class JigsawPuzzle:
    """Images cut into tiles that are put in another order; the task is to say which.

    Noroozi and Favaro 2016, "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles"
    (https://arxiv.org/abs/1603.09246), section 3. The order is one of a set of permutations that have little in
    common: `keras_ssl.pretext.permutation_set`. Against shortcuts, tiles are cut with gaps of random width between
    them, and each is standardized: `cut_tiles`, `standardize_tiles`.

    Args:
        image_shape: (height, width, channels) of the images.
        grid: int of at least 2, tiles in a row and in a column. Defaults to 3, as in the paper.
        permutations: int from 2 to the factorial of `grid * grid`, how many; or the set itself, a list of rows that
            each name, for every place, the tile that comes there. Defaults to 100, as in the paper.
        tile_size: int or pair of ints (height, width), at least 4 and at most a cell, `height // grid` and
            `width // grid`. By default 64/75 of a cell as in the paper, or 4 where that is less.

    Attributes:
        grid: int.
        permutations: int32 array (permutations, grid * grid).
        tile_size: pair of ints (height, width).

    Raises:
        ValueError: for a grid, permutations or tiles that cannot be.

    Example:

    >>> import keras_ssl, numpy as np
    >>> images = np.random.randint(0, 256, (8, 32, 32, 3), dtype="uint8")
    >>> puzzle = keras_ssl.pretext.JigsawPuzzle((32, 32, 3), permutations=30)
    >>> tiles, labels = puzzle(images, keras_ssl.augment.Draws((0, 1)))
    >>> tiles.shape, labels.shape
    (TensorShape([8, 9, 8, 8, 3]), TensorShape([8]))
    """

    def __init__(self, image_shape, grid=3, permutations=100, tile_size=None):
        if not is_count(grid) or grid < 2:
            raise ValueError(
                f"A puzzle has at least two tiles in a row: grid is an int of at least 2. Received: grid={grid!r}"
            )
        self.grid = int(grid)
        self.tile_size = _tile_size(image_shape, self.grid, tile_size)
        self.permutations = _permutations(permutations, self.grid**2)

    def __call__(self, images, draws):
        """Cuts and shuffles images.

        Args:
            images: (batch, height, width, channels) tensor, raw pixels in [0, 255].
            draws: `keras_ssl.augment.Draws`, on which permutations and tiles depend.

        Returns:
            A tuple of tiles, (batch, grid * grid, *tile_size, channels) float32, raw pixels in [0, 255], and of which
            permutation they are in, (batch,) int32.
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
            f"Tiles have at least {SMALLEST_TILE} pixels on each side and fit into their cell, which has {cell[0]} x "
            f"{cell[1]}. Received: tile_size={tile_size}"
        )
    return tile


def _permutations(permutations, tiles):
    if is_count(permutations):
        return permutation_set(tiles, int(permutations)).astype(np.int32)
    rows = np.asarray(permutations)
    if rows.ndim != 2 or len(rows) < 2 or any(sorted(row) != list(range(tiles)) for row in rows.tolist()):
        raise ValueError(
            f"permutations must be their number, or at least two orders of the {tiles} tiles 0 to {tiles - 1}, a row "
            f"each. Received: permutations={permutations!r}"
        )
    return rows.astype(np.int32)
