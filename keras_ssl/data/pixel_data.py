from typing import NamedTuple

import numpy as np


class PixelData(NamedTuple):
    """Pixels of a file that a Python package reads, such as TIFF or DICOM.

    Attributes:
        values: Array of unsigned integers, of shape `(height, width, channels)`. 0 is black.
        bits: Integer up to 16. How many bits are in use.
        largest: Integer. The largest value in the file, before any inversion. For signed values, twice the largest
            magnitude. `None` if the file says which values are black and white.
        orientation: Integer from 1 to 8, as in EXIF. Defaults to `1`.
    """

    values: np.ndarray
    bits: int
    largest: int | None
    orientation: int = 1


def check_pixel_count(height: int, width: int, max_pixels: int) -> None:
    """Raise a ValueError if an image has no pixels, or more than `max_pixels`."""
    if not 0 < height * width <= max_pixels:
        raise ValueError(
            f"An image must have from 1 to max_pixels={max_pixels} pixels. Its header says width, height = "
            f"{width} {height}"
        )


def check_fits(largest: int, bits: int) -> None:
    """Raise a ValueError if the largest value of a file needs more than `bits` bits."""
    if largest >= 2**bits:
        raise ValueError(f"This file holds values that do not fit into bits={bits}, up to {largest}")
