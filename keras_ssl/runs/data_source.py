"""The data of a run: its settings, and the data set that they describe."""

import os
from collections import Counter

from keras_ssl import data
from keras_ssl.data.cache import check_cache
from keras_ssl.data.describe import has_classes
from keras_ssl.data.files import find_images, label_by_folder
from keras_ssl.runs.run import CACHE_FILE

FOLDER_SPLITS = ("train", "test", "all")


def resolve(name, split, channels, data_dir, on_error, resize, bits=None, cache="auto"):
    """Settings of a run's data, without the sizes, which are decided later.

    Args:
        name: str, the name of a data set or the path of a folder.
        split: str, what to train on. Of a folder with one subfolder a class "train" (all but the fifth that is held
            out as "test"), "test" or "all"; a folder without classes has no held-out part, and "train" is all.
        channels: 3 for RGB or 1 for gray, for a folder, or the number that its TIFF files have.
        data_dir: folder of prepared TFDS data sets, or None.
        on_error: "raise" or "skip", what to do about a file of a folder that is no image.
        resize: "crop", "stretch" or "pad", how pictures become the network's size.
        bits: how many of the bits of a folder's files of 16 are in use, or None for what the files say.
        cache: as in `data.from_directory`, where training keeps the decoded pictures.

    Returns:
        dict that YAML can hold, and `open_source` takes with two more entries: `image_size`, (height, width) that
        the network sees, or None for that of the images, and `read_size`, that of the pictures that training cuts
        its views from, or None. The path of a folder is absolute, so that the run finds it from anywhere.
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


def locate(source, name=None, encoder=None):
    """Settings of a run's data with its present path.

    Args:
        source: dict, from `resolve`.
        name: optional str or path, the data set or folder to take in place of the run's own.
        encoder: optional `keras.Model`, the run's, by whose input other images are then read.

    Raises:
        FileNotFoundError: where the folder is not there, or not any more.
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
            f"The run's images were in {source['name']}, and there is no such folder now. Where it has moved, say "
            "where to: --data FOLDER, in Python data=..."
        )
    return source


def describe_held_out(source):
    """One line about the images that a run on a folder holds out; None if it trains on all."""
    if not data.is_folder(source["name"]) or _subset(source, source["split"]) != "train":
        return None
    classes, _ = label_by_folder(source["name"], find_images(source["name"])[1])
    counts = Counter(classes)
    largest = max(counts.values()) / len(classes)
    return (
        f"Takes the {len(counts)} subfolders as classes, to score the features by, not to train by; the largest has "
        f'{largest:.0%} of the images. Trains on the "train" part of the folder: about a fifth of it '
        'is held out as "test", by which evaluate scores. --split all trains on that too.'
    )


def trained_on(source, split):
    """Whether a run certainly trained on images of `split`, by which it is to be scored.

    Of slices of one split, such as "train[:50%]" and "train[50%:]", nothing is certain unless they are the same.

    Args:
        source: dict, from `resolve`, of the run's own data.
        split: str, of the same data.
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
    """The subset of a folder that a split means, for `data.from_directory`."""
    if split not in FOLDER_SPLITS:
        raise ValueError(f"The split of a folder is train, test or all. Received: split={split!r}")
    if split == "all" or (split == "train" and not has_classes(find_images(source["name"])[1])):
        return None
    return split


def open_source(source, split, *, for_views=False, cache=None, **kwargs):
    """The data set that a run's settings name.

    Args:
        source: dict, from `resolve`.
        split: str, of a data set by name, or of a folder "train", "test" or "all", as in `resolve`.
        for_views: bool, whether views are cut from the pictures, which are then read larger than the network's.
        cache: as in `data.from_directory`. By default a folder is streamed, and a data set by name kept in memory
            where it fits.
        **kwargs: other arguments of `data.load` and `data.from_directory`.
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


def count_images(source, verbose=0):
    """How many images a run trains on.

    Args:
        source: dict, from `resolve`.
        verbose: 1 to show how far it is where all files must be tried. Defaults to 0.
    """
    if not data.is_folder(source["name"]):
        return data.describe(source["name"], source["data_dir"], split=source["split"]).images
    smallest = {**source, "image_size": (1, 1), "read_size": None}
    return len(open_source(smallest, source["split"], batch_size=1, shuffle=True, verbose=verbose))


def has_labels(source):
    """Whether the images of a run have labels to score them by."""
    if data.is_folder(source["name"]):
        # describe would read the headers of the files, too.
        return has_classes(find_images(source["name"])[1])
    return data.describe(source["name"], source["data_dir"]).labelled
