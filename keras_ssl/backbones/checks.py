def check_image_shape(input_shape, total_stride):
    """Return `input_shape` as three ints, or say what is wrong with it as the shape of one image."""
    try:
        shape = tuple(input_shape)
    except TypeError:
        shape = ()
    if len(shape) == 4:
        raise ValueError(
            "input_shape is the shape of one image, (height, width, channels), without the batch dimension. "
            f"Received: input_shape={input_shape}"
        )
    if len(shape) == 2:
        raise ValueError(
            "input_shape must end with the number of channels: (height, width, 1) for grey images. "
            f"Received: input_shape={input_shape}"
        )
    if len(shape) != 3 or not all(is_count(size) for size in shape):
        raise ValueError(
            "input_shape must be three positive integers, (height, width, channels): images of different sizes are "
            f"resized first, as keras_ssl.data does. Received: input_shape={input_shape}"
        )
    if min(shape[:2]) < total_stride:
        raise ValueError(
            f"This network divides height and width by {total_stride}, so the images need at least {total_stride} "
            "pixels on each side: resize them, or choose a smaller network or stem. "
            f"Received: input_shape={input_shape}"
        )
    return tuple(int(size) for size in shape)


def check_count(name, value):
    """Refuse a `value` that is not a positive integer."""
    if not is_count(value):
        raise ValueError(f"{name} must be a positive integer. Received: {name}={value!r}")


def check_counts(name, values):
    """Refuse `values` that are not a non-empty sequence of positive integers."""
    if isinstance(values, str) or not hasattr(values, "__len__") or not len(values):
        raise ValueError(f"{name} must be a non-empty sequence of positive integers. Received: {name}={values!r}")
    if not all(is_count(value) for value in values):
        raise ValueError(f"{name} must hold positive integers only. Received: {name}={values!r}")


def is_count(value):
    """Whether `value` is an integer above zero (NumPy's included, booleans not)."""
    return hasattr(value, "__index__") and not isinstance(value, bool) and int(value) > 0
