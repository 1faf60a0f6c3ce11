"""Tasks that images set by themselves: what is done to them, and what is to be said of them then. No networks."""

from keras_ssl.checks.images import check_rgb, check_square
from keras_ssl.pretext.blocks import MID_GRAY, blank, block_mask, block_size
from keras_ssl.pretext.colors import chroma, colorize, to_gray
from keras_ssl.pretext.jigsaw_puzzle import JigsawPuzzle
from keras_ssl.pretext.permutation_set import permutation_set
from keras_ssl.pretext.rotations import ROTATIONS, all_rotations
from keras_ssl.pretext.tiles import cut_tiles, lay_tiles, shuffle_tiles, standardize_tiles

__all__ = [
    "MID_GRAY",
    "ROTATIONS",
    "JigsawPuzzle",
    "all_rotations",
    "blank",
    "block_mask",
    "block_size",
    "check_rgb",
    "check_square",
    "chroma",
    "colorize",
    "cut_tiles",
    "lay_tiles",
    "permutation_set",
    "shuffle_tiles",
    "standardize_tiles",
    "to_gray",
]
