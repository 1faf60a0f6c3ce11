"""The data of a run: what its settings say, and how they become a data set."""

from keras_ssl import data


def resolve(name, split, image_size, channels, data_dir, on_error, recipe_image_size):
    """The settings of a run's data.

    Args:
        name: str, the name of a data set or the path of a folder.
        split: str, what to train on.
        image_size: (height, width), or None: images of one size are taken as they are, others brought to the
            recipe's.
        channels: 3 for RGB or 1 for grey, for a folder.
        data_dir: folder of prepared TFDS data sets, or None.
        on_error: "raise" or "skip", what to do about a file of a folder that is no image.
        recipe_image_size: (height, width) or None.

    Returns:
        dict that `open_source` takes and YAML can hold.

    Raises:
        ValueError: where the images differ in size and neither the caller nor the recipe has one.
    """
    if image_size is None and None in data.describe(name, data_dir).image_shape:
        image_size = recipe_image_size
        if image_size is None:
            raise ValueError(
                f"The images of {name} differ in size, so name one: --image-size 96. Received: image_size=None"
            )
    image_size = None if image_size is None else [int(side) for side in image_size]
    return {
        "name": name,
        "split": split,
        "image_size": image_size,
        "channels": channels,
        "data_dir": data_dir,
        "on_error": on_error,
    }


def open_source(source, split, **kwargs):
    """The data set that a run's settings name.

    Args:
        source: dict, from `resolve`.
        split: str, of a data set by name, or of a labelled folder "train" or "test".
        **kwargs: other arguments of `data.load` and `data.from_directory`.
    """
    if data.is_folder(source["name"]):
        return data.from_directory(
            source["name"],
            image_size=source["image_size"],
            channels=source["channels"],
            subset=split if kwargs.get("labels") else None,
            on_error=source["on_error"],
            **kwargs,
        )
    return data.load(source["name"], split, image_size=source["image_size"], data_dir=source["data_dir"], **kwargs)


def has_labels(source):
    """Whether the images of a run have labels to score them by."""
    return data.describe(source["name"], source["data_dir"]).labelled
