import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ssl.augment import Draws
from keras_ssl.tasks import cut_tiles, lay_tiles, shuffle_tiles, standardize_tiles


def places(height, width, grid, tile_size, seed=0, batch=4):
    """Of each pixel of each tile, the row and the column of the image that it comes from."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    images = np.tile(np.stack([rows, columns], axis=-1), (batch, 1, 1, 1))
    return cut_tiles(images, grid, tile_size, Draws((seed, 0))).numpy()


@settings(max_examples=40, deadline=None)
@given(data=st.data(), height=st.integers(4, 20), width=st.integers(4, 20), seed=st.integers(0, 99))
def test_tiles_are_crops_inside_their_cells(data, height, width, seed):
    grid = data.draw(st.integers(2, min(height, width) // 2))
    cell = height // grid, width // grid
    size = tuple(data.draw(st.integers(1, side)) for side in cell)
    tiles = places(height, width, grid, size, seed)
    assert tiles.shape == (4, grid**2, *size, 2)
    np.testing.assert_array_equal(np.diff(tiles[..., 0], axis=2), 1)
    np.testing.assert_array_equal(np.diff(tiles[..., 1], axis=3), 1)
    for axis, side in enumerate((height, width)):
        edge = side % grid // 2
        in_cell = (tiles[..., axis] - edge) // cell[axis]
        expected = np.arange(grid**2) // grid if axis == 0 else np.arange(grid**2) % grid
        np.testing.assert_array_equal(in_cell, np.broadcast_to(expected[:, None, None], in_cell.shape))


def test_tiles_lie_anywhere_in_their_cells_and_each_by_itself():
    tiles = places(30, 30, 3, (8, 8), batch=300)
    offsets = tiles[:, :, 0, 0] % 10
    assert all(set(offsets[..., axis].ravel()) == {0, 1, 2} for axis in (0, 1))
    independent = np.corrcoef(offsets.reshape(300, -1), rowvar=False) - np.eye(18)
    assert np.abs(independent).max() < 0.3


def test_every_tile_has_the_same_mean_and_deviation_in_every_channel(rng):
    tiles = rng.integers(0, 256, (2, 4, 8, 8, 3)) * rng.uniform(0.2, 1, (2, 4, 1, 1, 3))
    mean = tiles.mean((2, 3), keepdims=True)
    expected = 127.5 + 42.5 * (tiles - mean) / np.sqrt(tiles.var((2, 3), keepdims=True) + 1)
    np.testing.assert_allclose(standardize_tiles(tiles), np.clip(expected, 0, 255), atol=0.01)


def test_standardised_tiles_are_raw_pixels_and_flat_ones_stay_flat():
    tiles = np.zeros((1, 2, 8, 8, 1))
    tiles[0, 1, 3, 3] = 255  # eight deviations from the mean
    flat, peak = standardize_tiles(tiles)[0].numpy()
    np.testing.assert_allclose(flat, 127.5)
    assert peak.max() == 255 and peak.min() > 100


def test_the_tile_that_a_permutation_names_comes_to_its_place(rng):
    tiles = rng.normal(size=(2, 4, 3, 3, 1))
    permutations = np.array([[3, 1, 0, 2], [0, 2, 1, 3]])
    shuffled = shuffle_tiles(tiles, permutations).numpy()
    for row in range(2):
        for place in range(4):
            np.testing.assert_array_equal(shuffled[row, place], tiles[row, permutations[row, place]])


@pytest.mark.parametrize("gap", [0, 1, 3])
def test_laid_tiles_are_the_image_with_white_lines(rng, gap):
    images = rng.integers(0, 255, (2, 12, 18, 3))
    laid = lay_tiles(cut_tiles(images, 3, (4, 6), Draws((0, 0))), gap).numpy()
    assert laid.shape == (2, 12 + 2 * gap, 18 + 2 * gap, 3)
    rows = np.arange(12) + np.arange(12) // 4 * gap
    columns = np.arange(18) + np.arange(18) // 6 * gap
    np.testing.assert_array_equal(laid[:, rows[:, None], columns], images)
    assert (laid == 255).sum() == laid.size - images.size


@pytest.mark.parametrize("replicas", [1, 3])
def test_compiles_under_xla_and_each_replica_cuts_its_rows(rng, replicas):
    images = rng.uniform(0, 255, (4, 12, 12, 3)).astype("float32")
    whole = cut_tiles(images, 2, (4, 4), Draws((0, 1)))

    @tf.function(jit_compile=True)
    def cut(images, first_row):
        return cut_tiles(images, 2, (4, 4), Draws((0, 1), first_row))

    shares = np.array_split(images, replicas)
    first_rows = np.cumsum([0, *map(len, shares[:-1])])
    parts = [cut(share, tf.constant(first)) for share, first in zip(shares, first_rows, strict=True)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
