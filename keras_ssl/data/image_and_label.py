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
    spec = dataset.element_spec
    if not isinstance(spec, dict):
        return dataset
    if "image" not in spec:
        raise ValueError(
            'A data set of dicts needs the key "image"; map it to images or (images, labels) otherwise. '
            f"Received: keys {sorted(spec)}"
        )
    names = [name for name in ("image", "label") if name in spec]
    return dataset.map(lambda row: tuple(row[name] for name in names) if len(names) > 1 else row["image"])
