from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from keras_ssl.checks.images import check_image_array
from keras_ssl.plots.image_grid import grid_of_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def masked_reconstructions(method: Any, images: npt.ArrayLike, seed: int = 0) -> "Figure":
    """Masked images, their reconstructions and the originals, one row per image.

    Only the masked parts are predicted. The visible parts are copied from the image. With `MAE`'s normalized targets
    the predicted patches get the mean and the standard deviation of the true ones, as in the paper's figures.

    Args:
        method: A `keras_ssl.MAE`, `SimMIM` or `Inpainting`, or anything else with `mask_images(images, seed)` and
            `reconstruct(images, seed)`.
        images: Array (n, height, width, channels), raw pixels in [0, 255]. Each image gets a row.
        seed: Integer. The same seed draws the same masks. Defaults to `0`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `images` is not an array of images, or they do not fit the method's encoder.

    Example:

    >>> images = np.random.uniform(0, 255, (4, 32, 32, 3))
    >>> encoder = keras_ssl.backbones.vit((32, 32, 3), patch_size=4, size="tiny", depth=2)
    >>> figure = keras_ssl.plots.masked_reconstructions(keras_ssl.MAE(encoder), images)
    >>> figure.savefig("reconstructions.png")
    """
    images = check_image_array(images, "images")
    return grid_of_columns(
        {
            "masked": method.mask_images(images, seed),
            "prediction": method.reconstruct(images, seed),
            "image": images,
        }
    )
