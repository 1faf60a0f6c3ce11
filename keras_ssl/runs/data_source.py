"""The data of a run: its settings, and the data set that they describe."""

import os
from collections import Counter
from typing import Any

import keras
import tensorflow as tf

from keras_ssl import data
from keras_ssl.data.cache import check_cache
from keras_ssl.data.describe import has_classes
from keras_ssl.data.files import find_images, label_by_folder
from keras_ssl.runs.run import CACHE_FILE

FOLDER_SPLITS = ("train", "test", "all")


def resolve(
    name: str,
    split: str,
    channels: int,
    data_dir: str | os.PathLike[str] | None,
    on_error: str,
    resize: str,
    bits: int | None = None,
    cache: str = "auto",
) -> dict[str, Any]:
    """Settings of a run's data, without the sizes, which are decided later.

    Args:
        name: String. The name of a data set or the path of a folder.
        split: String. The images to train on. For a folder with one subfolder for each class: "train" (all but the
            fifth that is held out as "test"), "test" or "all". For a folder without classes, nothing is held out and
            "train" means all.
        channels: Integer. For a folder: 3 for RGB, 1 for gray, or the number of channels of its TIFF files.
        data_dir: Folder of prepared TFDS data sets, or `None`.
        on_error: "raise" or "skip". What to do about files of a folder that cannot be read.
        resize: "crop", "stretch" or "pad". How images are resized for the network.
        bits: Integer or `None`. How many bits are in use in a folder's files of 16 bits. `None` means what the files
            say. Defaults to `None`.
        cache: See `data.from_directory`. Where training keeps the decoded images. Defaults to `"auto"`.

    Returns:
        Dict that YAML can hold. `open_source` takes it with two more entries: `image_size`, the (height, width) of
        the network's input, or `None` for the size of the images; and `read_size`, the size of the images that
        training crops its views from, or `None`. The path of a folder is absolute, so that the run finds it from
        anywhere.
    """
    return {
        "name": _absolute(name),
        "split": split,
        "channels": channels,
        "data_dir": data_dir,
        "on_error": on_error,
        "resize": resize,
        "bits": bits,
        "cache": check_cache(cache, CACHE_FILE),
    }


def _absolute(name):
    return os.path.abspath(os.path.expanduser(name)) if data.is_folder(name) else name


def locate(
    source: dict[str, Any], name: str | os.PathLike[str] | None = None, encoder: keras.Model | None = None
) -> dict[str, Any]:
    """Settings of a run's data with the path where it is now.

    Args:
        source: Dict from `resolve`.
        name: Name or path of a data set or folder to use instead of the run's own. Defaults to `None`.
        encoder: The run's `keras.Model`. If given, the images of `name` are read with the size and the channels of
            its input. Defaults to `None`.

    Raises:
        FileNotFoundError: If the folder does not exist, or not any more.
    """
    if name:
        source = {**source, "name": _absolute(str(name))}
        if encoder is not None:
            *size, channels = encoder.input_shape[1:]
            source |= {"image_size": source["image_size"] if None in size else size, "channels": channels}
        if data.is_folder(source["name"]):
            find_images(source["name"])
            source |= {"split": source["split"] if source["split"] in FOLDER_SPLITS else "train"}
        return source
    if data.is_folder(source["name"]) and not os.path.isdir(source["name"]):
        raise FileNotFoundError(
            f"The run's images were in {source['name']}, but this folder does not exist any more. If it was moved, "
            "pass its new path: --data FOLDER, in Python data=..."
        )
    return source


def describe_held_out(source: dict[str, Any]) -> str | None:
    """One line about the images that a run on a folder holds out, or None if it trains on all."""
    if not data.is_folder(source["name"]) or _subset(source, source["split"]) != "train":
        return None
    classes, _ = label_by_folder(source["name"], find_images(source["name"])[1])
    counts = Counter(classes)
    largest = max(counts.values()) / len(classes)
    return (
        f"The {len(counts)} subfolders are used as classes, to score the features, not to train; the largest has "
        f'{largest:.0%} of the images. Trains on the "train" part of the folder: about a fifth of it '
        'is held out as "test", for the scores of evaluate. --split all trains on that too.'
    )


def trained_on(source: dict[str, Any], split: str) -> bool:
    """Whether a run certainly trained on images of `split`, on which it will be scored.

    For slices of one split, such as "train[:50%]" and "train[50%:]", this is certain only if they are the same.

    Args:
        source: Dict from `resolve`, of the run's own data.
        split: String. A split of the same data.
    """
    trained = source["split"]
    if data.is_folder(source["name"]):
        return "all" in (_subset(source, trained) or "all", _subset(source, split) or "all") or trained == split

    def parts(split):
        return {tuple(part.strip().partition("[")[::2]) for part in split.split("+")}

    return any(
        a == b or (a[0] == b[0] and "" in (a[1], b[1])) or "all" in (a[0], b[0])
        for a in parts(trained)
        for b in parts(split)
    )


def _subset(source, split):
    """Converts a split of a folder to the `subset` of `data.from_directory`."""
    if split not in FOLDER_SPLITS:
        raise ValueError(f"The split of a folder must be train, test or all. Received: split={split!r}")
    if split == "all" or (split == "train" and not has_classes(find_images(source["name"])[1])):
        return None
    return split


def open_source(
    source: dict[str, Any], split: str, *, for_views: bool = False, cache: str | None = None, **kwargs: Any
) -> tf.data.Dataset:
    """Open the data set that a run's settings describe.

    Args:
        source: Dict from `resolve`, with the sizes.
        split: String. A split of a data set by name, or "train", "test" or "all" for a folder, as in `resolve`.
        for_views: Boolean. Whether views are cropped from the images, which are then read larger than the network's
            input. Defaults to `False`.
        cache: See `data.from_directory`. `None` streams a folder, and is "auto" for a data set by name. Defaults to
            `None`.
        **kwargs: Other arguments of `data.load` and `data.from_directory`.
    """
    size = (source["read_size"] if for_views else None) or source["image_size"]
    if data.is_folder(source["name"]):
        return data.from_directory(
            source["name"],
            image_size=size,
            resize=source["resize"],
            channels=source["channels"],
            subset=_subset(source, split),
            on_error=source["on_error"],
            bits=source.get("bits"),  # runs of earlier versions have none
            cache=cache,
            **kwargs,
        )
    return data.load(
        source["name"],
        split,
        image_size=size,
        resize=source["resize"],
        data_dir=source["data_dir"],
        cache=cache or "auto",
        **kwargs,
    )


def count_images(source: dict[str, Any], verbose: int = 0) -> int:
    """Number of images that a run trains on.

    Args:
        source: Dict from `resolve`.
        verbose: Integer. 1 to show the progress if all files must be tried. Defaults to `0`.
    """
    if not data.is_folder(source["name"]):
        return data.describe(source["name"], source["data_dir"], split=source["split"]).images
    smallest = {**source, "image_size": (1, 1), "read_size": None}
    return len(open_source(smallest, source["split"], batch_size=1, shuffle=True, verbose=verbose))


def has_labels(source: dict[str, Any]) -> bool:
    """Whether the images of a run have labels, to score the features."""
    if data.is_folder(source["name"]):
        # describe would also read the headers of the files.
        return has_classes(find_images(source["name"])[1])
    return data.describe(source["name"], source["data_dir"]).labelled
