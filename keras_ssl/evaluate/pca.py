import numpy as np
import numpy.typing as npt

from keras_ssl.evaluate.image_batches import ImageBatches


def pca_reconstructions(train: npt.ArrayLike, images: npt.ArrayLike, dimensions: int, seed: int = 0) -> np.ndarray:
    """Reconstructions by principal component analysis: the linear baseline of an autoencoder.

    No linear encoder and decoder with so many dimensions rebuild the training images with a smaller squared error
    (Eckart and Young 1936, https://doi.org/10.1007/BF02288367). scikit-learn's PCA, with its randomized solver.

    Args:
        train: Images that the components are fitted on: an array (n, height, width, channels), raw pixels in [0,
            255], or a batched `tf.data.Dataset`; labels are ignored.
        images: Array (m, height, width, channels). The images to rebuild.
        dimensions: Positive integer, at most n and at most the number of values of an image.
        seed: Integer. Seed of the solver. Defaults to `0`.

    Returns:
        float32 array like `images`, raw pixels in [0, 255].

    Raises:
        ValueError: If the images have another shape than the training images, or `dimensions` is out of its range.

    Example:

    >>> images = np.random.uniform(0, 255, (40, 8, 8, 1))
    >>> keras_ssl.evaluate.pca_reconstructions(images[:32], images[32:], dimensions=4).shape
    (8, 8, 8, 1)
    """
    from sklearn.decomposition import PCA

    train = np.concatenate([np.asarray(batch, np.float32) for batch, _ in ImageBatches(train)])
    images = np.asarray(images, np.float32)
    if images.shape[1:] != train.shape[1:]:
        raise ValueError(
            f"Training images and images must have the same shape. Received: {train.shape[1:]} and {images.shape[1:]}"
        )
    limit = min(len(train), train[0].size)
    if not 1 <= dimensions <= limit:
        raise ValueError(
            f"dimensions must be from 1 to {limit}, the smaller number of training images and of values of an image. "
            f"Received: dimensions={dimensions}"
        )
    # The randomized solver is for few components; for nearly all of them the full one is as fast.
    solver = "randomized" if dimensions < limit / 2 else "full"
    pca = PCA(dimensions, svd_solver=solver, random_state=seed).fit(train.reshape(len(train), -1))
    rebuilt = pca.inverse_transform(pca.transform(images.reshape(len(images), -1)))
    return np.clip(rebuilt, 0, 255).reshape(images.shape).astype(np.float32)
