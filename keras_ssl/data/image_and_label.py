from typing import Any

import tensorflow as tf


def image_and_label(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Convert a data set of dicts, as from `tfds.load`, to images or (images, labels).

    Args:
        dataset: A `tf.data.Dataset`. If its elements are not dicts, it is returned unchanged.

    Returns:
        A data set of the values of the key "image" and, if there is one, of the key "label".

    Raises:
        ValueError: If there is no key "image".

    Example:

    >>> import tensorflow as tf
    >>> rows = tf.data.Dataset.from_tensors({"id": 3, "image": tf.zeros((2, 8, 8, 1)), "label": [0, 1]})
    >>> [spec.shape.rank for spec in image_and_label(rows).element_spec]
    [4, 1]
    """
    if not isinstance(dataset.element_spec, dict):
        return dataset
    of_keys(dataset.element_spec)
    return dataset.map(of_keys)


def of_keys(row: Any) -> Any:
    """Convert a dict with the keys of TFDS to an image or (image, label). Other rows stay unchanged."""
    if not isinstance(row, dict):
        return row
    if "image" not in row:
        raise ValueError(
            'A data set of dicts needs the key "image". Otherwise map it to images or (images, labels). '
            f"Received: keys {sorted(row)}"
        )
    return (row["image"], row["label"]) if "label" in row else row["image"]
