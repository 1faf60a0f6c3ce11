import numpy as np

from keras_ssl.data.splits import split_range

CLASS_NAMES = [str(digit) for digit in range(10)]


def load_digits(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Load the handwritten digits of scikit-learn (1797 images of 8 × 8; UCI, Alpaydin and Kaynak, 1998).

    Args:
        split: String. `"train"` (1437 images), `"test"` (360), or slices and sums of them as in tensorflow-datasets.
            The split is fixed, and stratified by class.

    Returns:
        Tuple of the images, a uint8 array of shape `(count, 8, 8, 1)` in which the original levels 0 … 16 became
        0 … 255, and the labels, an int32 array of shape `(count,)`.

    Raises:
        ValueError: If `split` is not as described.
    """
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    digits = datasets.load_digits()
    images = np.round(digits.images[..., None] * (255 / 16)).astype(np.uint8)
    train, test = train_test_split(np.arange(len(images)), test_size=360, stratify=digits.target, random_state=0)
    parts = {"train": np.sort(train), "test": np.sort(test)}
    counts = {name: len(part) for name, part in parts.items()}
    ranges = [split_range(part, counts) for part in split.split("+")]
    chosen = np.concatenate([parts[name][positions.start : positions.stop] for name, positions in ranges])
    return images[chosen], digits.target[chosen].astype(np.int32)
