import numpy as np

# The longest wavelength, as in "Attention Is All You Need" (Vaswani et al., 2017, section 3.5) and in MAE's code.
LONGEST_WAVELENGTH = 10000.0


def sincos_positions(rows, columns, width):
    """Sine-cosine codes of the places on a grid, row by row: fixed, without weights, for a grid of any size.

    One half of a code tells the column, the other the row, each by sines and then cosines of `width / 4`
    wavelengths in geometric progression, as MAE's code (`util/pos_embed.py`) has it.

    Args:
        rows: Integer > 0.
        columns: Integer > 0.
        width: Integer > 0, a multiple of 4: the length of a code.

    Returns:
        Float32 array `(rows * columns, width)`.

    Raises:
        ValueError: If `width` is no multiple of 4.

    Example:

    >>> sincos_positions(8, 8, 192).shape
    (64, 192)

    Reference:

    - [He et al., 2021](https://arxiv.org/abs/2111.06377), appendix A.1, and
      [its code](https://github.com/facebookresearch/mae)
    """
    if width % 4:
        raise ValueError(
            "The code of a place is made of sines and cosines of its row and its column, so the width must be a "
            f"multiple of 4. Received: width={width}"
        )
    frequencies = LONGEST_WAVELENGTH ** -np.linspace(0, 1, width // 4, endpoint=False)
    row, column = np.indices((rows, columns)).reshape(2, -1, 1)
    angles = (column * frequencies, row * frequencies)
    return np.concatenate([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1).astype("float32")
