from typing import NamedTuple

import numpy as np


class PixelData(NamedTuple):
    """What a file holds that a Python package reads.

    Attributes:
        values: Array (height, width, channels) of unsigned integers, 0 is black.
        bits: Integer up to 16, how many of them are in use.
        largest: The largest number that the file holds, before anything is inverted; where numbers have a sign, twice
            the one farthest from 0. `None` where the file says which values are black and white.
        orientation: Integer from 1 to 8, as in EXIF. Defaults to 1.
    """

    values: np.ndarray
    bits: int
    largest: int | None
    orientation: int = 1


def check_pixel_count(height, width, max_pixels):
    """Raises a `ValueError` for more pixels than `max_pixels`, or none."""
    if not 0 < height * width <= max_pixels:
        raise ValueError(
            f"An image must have from 1 to max_pixels={max_pixels} pixels. Its header says width, height = "
            f"{width} {height}"
        )


def check_fits(largest, bits):
    """Raises a `ValueError` where the largest number of a file has more bits."""
    if largest >= 2**bits:
        raise ValueError(f"This file holds values that do not fit into bits={bits}, up to {largest}")
