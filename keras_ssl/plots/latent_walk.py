from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from keras_ssl.checks.images import check_image_array
from keras_ssl.plots.image_grid import draw_image, image_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# For smaller angles, in radians, the arc equals the straight line to float32 precision, and its formula divides zero
# by zero.
SMALLEST_ANGLE = 1e-4


def latent_walk(
    decode: Callable[..., Any], start: npt.ArrayLike, end: npt.ArrayLike, steps: int = 8, path: str = "spherical"
) -> "Figure":
    """Images decoded along a path from one latent vector to another, one row per pair.

    If the model has learned what images have in common, the images change smoothly and all look real. If it has
    memorized the training images, they change abruptly (Radford et al. 2015, https://arxiv.org/abs/1511.06434,
    section 6.1).

    Args:
        decode: Function from latents (n, latent_dim) to images (n, height, width, channels), raw pixels in [0, 255],
            such as the `decode` of `keras_ssl.DCGAN`.
        start: Float array (rows, latent_dim). The first latent vector of each row.
        end: Float array (rows, latent_dim). The last latent vector of each row.
        steps: Integer >= 2. Images in a row, both ends included. Defaults to `8`.
        path: String. `"spherical"` follows the arc, so that latents keep the length of normally distributed ones
            (White 2016, https://arxiv.org/abs/1609.04468, section 2); `"linear"` is a straight line. Defaults to
            `"spherical"`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If `start` and `end` are not matrices of the same shape, there are fewer than two steps, or `path`
            is unknown.

    Example:

    >>> model = keras_ssl.DCGAN((8, 8, 1), filters=(4, 8))
    >>> start, end = np.random.normal(size=(2, 3, 100))
    >>> figure = keras_ssl.plots.latent_walk(model.decode, start, end)
    """
    start, end = np.asarray(start, np.float32), np.asarray(end, np.float32)
    if start.ndim != 2 or start.shape != end.shape or not start.size:
        raise ValueError(
            "start and end must be two arrays of the same shape (rows, latent_dim). "
            f"Received: start of shape {start.shape} and end of shape {end.shape}"
        )
    if steps < 2:
        raise ValueError(f"steps must be 2 or more. Received: steps={steps}")
    if path not in PATHS:
        raise ValueError(f"path must be one of {sorted(PATHS)}. Received: path={path!r}")
    shares = np.linspace(0, 1, steps, dtype=np.float32)
    latents = np.stack([PATHS[path](start, end, share) for share in shares], axis=1)
    images = check_image_array(decode(latents.reshape(-1, start.shape[1])), "decode(latents)")
    figure, axes = image_grid(len(start), steps, row_height=1.05)
    for axis, image in zip(axes.flat, images, strict=True):
        draw_image(axis, image)
    return figure


def _linear(start, end, share):
    return (1 - share) * start + share * end


def _spherical(start, end, share):
    lengths = np.linalg.norm(start, axis=1) * np.linalg.norm(end, axis=1)
    cosine = np.sum(start * end, axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    angle = np.arccos(np.clip(cosine, -1, 1))[:, None]
    arc = np.sin((1 - share) * angle) * start + np.sin(share * angle) * end
    # Nor is there a unique arc between opposite vectors.
    defined = np.sin(angle) > SMALLEST_ANGLE
    return np.where(defined, arc / np.where(defined, np.sin(angle), 1), _linear(start, end, share))


PATHS = {"linear": _linear, "spherical": _spherical}
