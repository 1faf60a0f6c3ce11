def image_and_label(dataset):
    """A data set of dicts, as `tfds.load` makes them, as images or (images, labels).

    Args:
        dataset: A `tf.data.Dataset`. One whose elements are no dicts is returned as it is.

    Returns:
        A data set of what the keys "image" and, where there is one, "label" hold.

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


def of_keys(row):
    """Converts a dict with the keys of TFDS to an image or (image, label); other rows stay as they are."""
    if not isinstance(row, dict):
        return row
    if "image" not in row:
        raise ValueError(
            'A data set of dicts needs the key "image"; map it to images or (images, labels) otherwise. '
            f"Received: keys {sorted(row)}"
        )
    return (row["image"], row["label"]) if "label" in row else row["image"]
