"""The data of a run: what its settings say, and how they become a data set."""

from keras_ssl import data


def resolve(name, split, channels, data_dir, on_error, resize):
    """The settings of a run's data, all but the sizes, which follow from what it is.

    Args:
        name: str, the name of a data set or the path of a folder.
        split: str, what to train on.
        channels: 3 for RGB or 1 for grey, for a folder.
        data_dir: folder of prepared TFDS data sets, or None.
        on_error: "raise" or "skip", what to do about a file of a folder that is no image.
        resize: "crop", "stretch" or "pad", how pictures become the network's size.

    Returns:
        dict that YAML can hold, and `open_source` takes with two more entries: `image_size`, (height, width) that
        the network sees, or None for that of the images, and `read_size`, that of the pictures that training cuts
        its views from, or None.
    """
    return {
        "name": name,
        "split": split,
        "channels": channels,
        "data_dir": data_dir,
        "on_error": on_error,
        "resize": resize,
    }


def open_source(source, split, *, for_views=False, **kwargs):
    """The data set that a run's settings name.

    Args:
        source: dict, from `resolve`.
        split: str, of a data set by name, or of a labelled folder "train" or "test".
        for_views: bool, whether views are cut from the pictures, which are then read larger than the network's.
        **kwargs: other arguments of `data.load` and `data.from_directory`.
    """
    size = (source["read_size"] if for_views else None) or source["image_size"]
    if data.is_folder(source["name"]):
        return data.from_directory(
            source["name"],
            image_size=size,
            resize=source["resize"],
            channels=source["channels"],
            subset=split if kwargs.get("labels") else None,
            on_error=source["on_error"],
            **kwargs,
        )
    return data.load(
        source["name"], split, image_size=size, resize=source["resize"], data_dir=source["data_dir"], **kwargs
    )


def count_images(source):
    """How many images a run trains on.

    Args:
        source: dict, from `resolve`.
    """
    if not data.is_folder(source["name"]):
        return data.describe(source["name"], source["data_dir"], split=source["split"]).images
    smallest = {**source, "image_size": (1, 1), "read_size": None}
    return len(open_source(smallest, source["split"], batch_size=1, shuffle=True))


def has_labels(source):
    """Whether the images of a run have labels to score them by."""
    return data.describe(source["name"], source["data_dir"]).labelled
