import numpy as np
import numpy.typing as npt


def reconstruction_error(images: npt.ArrayLike, rebuilt: npt.ArrayLike) -> float:
    """Mean squared error of reconstructed images, of pixels scaled to [0, 1].

    Args:
        images: Array (n, height, width, channels), raw pixels in [0, 255].
        rebuilt: Array of the same shape, from a method's `reconstruct(images)` or from `pca_reconstructions`.

    Returns:
        float.

    Raises:
        ValueError: If the shapes differ.

    Example:

    >>> images = np.zeros((4, 8, 8, 1))
    >>> keras_ssl.evaluate.reconstruction_error(images, images + 255)
    1.0
    """
    images, rebuilt = np.asarray(images, np.float64), np.asarray(rebuilt, np.float64)
    if images.shape != rebuilt.shape:
        raise ValueError(
            f"images and rebuilt must have the same shape. Received: images of shape {images.shape} and "
            f"rebuilt of shape {rebuilt.shape}"
        )
    return float(np.mean(np.square((images - rebuilt) / 255)))
