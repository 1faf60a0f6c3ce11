import numpy as np

from keras_ssl.evaluate import threads

# Directions whose singular value is below this share of the largest are rounding errors of float32 features.
_NEGLIGIBLE = 1e-6


class RowSpace:
    """Standardizes features, and rotates them into as many dimensions as rows if they have more than that.

    The weights of a linear classifier with an L2 penalty are a weighted sum of the rows that it is fitted on (the
    representer theorem: a part orthogonal to all rows changes no output and costs penalty). So in an orthonormal
    basis of the rows' span the classifier is the same, in n dimensions: 1632 instead of 12 288 for 1632 images of 64
    x 64 pixels. With more rows than dimensions nothing is rotated.

    Args:
        features: Array (n, d). Its mean and deviation standardize the features, and its rows span the space.

    Attributes:
        rows: The coordinates of these features, computed without a matrix product.

    Reference: Hastie and Tibshirani, 2004, "Efficient quadratic regularization for expression arrays",
    Biostatistics 5(3).
    """

    def __init__(self, features: np.ndarray) -> None:
        self.center = features.mean(axis=0, dtype="float64")
        scale = features.std(axis=0, dtype="float64")
        self.scale = np.where(scale > 0, scale, 1.0)
        self.rows = standardized = self._standardized(features)
        self._directions = None
        if len(features) < features.shape[1]:
            # The basis itself, as large as the features, is never needed: only products with it.
            self._spanning = standardized.astype("float64")
            with threads.limit_threads(features):
                lengths, self._directions = _directions(self._spanning)
            self.rows = (self._directions * lengths**2).astype("float32")

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """The coordinates of features (n, d)."""
        standardized = self._standardized(features)
        if self._directions is None:
            return standardized
        return (standardized @ self._spanning.T @ self._directions).astype("float32")

    def weights_on_features(self, weights: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Converts a classifier on coordinates to one on features: weights (classes, d) and bias (classes,)."""
        if self._directions is not None:
            weights = weights @ self._directions.T @ self._spanning
        weights = weights / self.scale
        return weights, bias - weights @ self.center

    def _standardized(self, features):
        return ((features - self.center) / self.scale).astype("float32")


def row_basis(features: np.ndarray) -> np.ndarray | None:
    """Orthonormal columns (d, r) that span the n rows of features, or None if n is at least d.

    For rows of zeros, as of collapsed features, it is a single column of zeros.
    """
    if len(features) >= features.shape[1]:
        return None
    rows = features.astype("float64")
    return (rows.T @ _directions(rows)[1]).astype("float32")


def _directions(rows):
    """Singular values (r,) of n rows, and the columns (n, r) that turn the rows into a basis of their span.

    They come from the eigenvectors of the rows' Gram matrix, which takes half the time of a QR decomposition; in
    float64 its squared singular values are exact enough.
    """
    squares, vectors = np.linalg.eigh(rows @ rows.T)
    kept = squares > squares[-1] * _NEGLIGIBLE**2
    if not kept.any():  # rows of zeros: one coordinate, which is 0
        return np.ones(1), np.zeros((len(rows), 1))
    lengths = np.sqrt(squares[kept])
    return lengths, vectors[:, kept] / lengths
