import numpy as np

from keras_ssl.data.faults import FaultError

_GRAY = 0


def read_mask(path):
    """The class ids of a PNG: its gray levels as they are stored, or the indices into its palette.

    Args:
        path: Path of a PNG of 1, 2, 4 or 8 bits, gray or with a palette.

    Returns:
        uint8 array (height, width).

    Raises:
        FaultError: If the file cannot be read, or stores colors.
    """
    from PIL import Image

    try:
        with open(path, "rb") as file:
            head = file.read(26)
        with Image.open(path, formats=("PNG",)) as image:
            mode, ids = image.mode, np.asarray(image)
    except Exception as error:  # whatever a reader says of a broken file
        raise FaultError(f"The mask cannot be read ({error}). Received: {path!r}") from None
    if mode not in ("1", "L", "P"):
        raise FaultError(
            "A mask holds the id of each pixel's class, as gray levels of up to 8 bits or as indices into a palette. "
            f"Received: {path!r}, a PNG of the mode {mode!r}"
        )
    bits, color_type = head[24], head[25]
    if mode == "L" and color_type == _GRAY and bits < 8:
        # Pillow spreads 2 and 4 bits over the range of 8.
        ids = ids // (255 // (2**bits - 1))
    return ids.astype(np.uint8)
