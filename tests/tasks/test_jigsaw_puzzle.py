import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.augment import Draws
from keras_ssl.tasks import JigsawPuzzle, cut_tiles, standardize_tiles


def test_the_label_says_which_tile_came_to_which_place(rng):
    images = rng.uniform(0, 255, (12, 12, 12, 3)).astype("float32")
    puzzle = JigsawPuzzle((12, 12, 3), grid=3, permutations=5, tile_size=4)  # as large as a cell: nothing is drawn
    tiles, labels = puzzle(images, Draws((0, 1)))
    ordered = standardize_tiles(cut_tiles(images, 3, (4, 4), Draws((0, 1)))).numpy()
    for row, label in enumerate(labels.numpy()):
        np.testing.assert_array_equal(tiles[row], ordered[row, puzzle.permutations[label]])


def test_every_permutation_is_drawn_equally_often():
    puzzle = JigsawPuzzle((8, 8, 1), grid=2, permutations=6)
    _, labels = puzzle(np.zeros((3000, 8, 8, 1), "float32"), Draws((0, 1)))
    np.testing.assert_allclose(np.bincount(labels) / 3000, 1 / 6, atol=0.03)


@pytest.mark.parametrize(
    "shape, grid, expected",
    [((225, 225, 3), 3, (64, 64)), ((32, 32, 3), 3, (8, 8)), ((8, 8, 1), 2, (4, 4)), ((32, 48, 3), 3, (8, 13))],
)
def test_tiles_are_the_papers_share_of_a_cell(shape, grid, expected):
    puzzle = JigsawPuzzle(shape, grid, permutations=2)
    assert puzzle.tile_size == expected
    tiles, _ = puzzle(np.zeros((1, *shape), "float32"), Draws((0, 1)))
    assert tiles.shape == (1, grid**2, *expected, shape[-1])


def test_the_set_can_be_given():
    puzzle = JigsawPuzzle((8, 8, 1), 2, permutations=[[3, 2, 1, 0], [0, 1, 2, 3]])
    assert puzzle.permutations.tolist() == [[3, 2, 1, 0], [0, 1, 2, 3]]


def test_compiles_under_xla(rng):
    puzzle = JigsawPuzzle((12, 12, 3), grid=2, permutations=24)
    images = rng.integers(0, 256, (6, 12, 12, 3)).astype("float32")
    compiled = tf.function(lambda images: puzzle(images, Draws((0, 1))), jit_compile=True)
    for ours, theirs in zip(compiled(images), puzzle(images, Draws((0, 1))), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"grid": 1}, "at least 2. Received: grid=1"),
        ({"grid": 2.5}, "at least 2. Received: grid=2.5"),
        ({"grid": 4}, r"3 x 3 pixels.*at least 4.*smaller grid.*Received: grid=4, images of shape \(12, 12, 3\)"),
        ({"permutations": 25}, "24 permutations.*Received: permutations=25"),
        ({"permutations": 1}, "at least 2.*Received: permutations=1"),
        ({"permutations": [[0, 1, 2, 3]]}, "at least two orders of the 4 tiles.*Received: permutations=.*0, 1, 2, 3"),
        ({"permutations": [[0, 1, 2, 3], [0, 1, 2, 2]]}, "Received: permutations=.*2, 2"),
        ({"permutations": None}, "Received: permutations=None"),
        ({"tile_size": 3}, "at least 4.*which has 6 x 6. Received: tile_size=3"),
        ({"tile_size": (4, 7)}, r"Received: tile_size=\(4, 7\)"),
        ({"image_shape": (None, None, 3)}, "one size.*Received: images of shape .None, None, 3"),
    ],
)
def test_what_cannot_be_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        JigsawPuzzle(**{"image_shape": (12, 12, 3), "grid": 2, "permutations": 4, **arguments})
