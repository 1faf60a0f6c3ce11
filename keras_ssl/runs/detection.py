import os
from collections.abc import Sequence
from typing import Any

from keras_ssl import data as datasets
from keras_ssl import plots
from keras_ssl.runs.run import as_run
from keras_ssl.runs.scenes import SceneTask, Settings, train_and_score
from keras_ssl.transfer import Detector, SceneScore, average_precision


def detect(
    run: Any,
    data: str | os.PathLike[str],
    *,
    epochs: int | None = None,
    image_size: tuple[int, int] | None = None,
    batch_size: int = 8,
    train_split: str = "train",
    test_split: str = "test",
    images: int | None = None,
    classes: Sequence[str] | None = None,
    frozen: bool = False,
    baseline: bool = True,
    width: int = 64,
    seed: int = 0,
    on_error: str = "raise",
    resume: bool = False,
    verbose: int = 1,
) -> dict[str, dict[str, SceneScore]]:
    """Train a detector on the encoder of a run, and score it beside the same network from scratch.

    The head learns first, then all layers, those near the images more slowly (`transfer.scene_optimizer`), on random
    crops of the images (`augment.scenes`). Both are scored once, on the test split, by COCO's average precision.

    The run's folder gets `detector/`, with `detector.keras`, `scores.json`, `history.csv`, the test images with the
    most errors in `figures/worst.png`, checkpoints, and the same from scratch in `scratch/`.

    Args:
        run: A `Run`, or the path of one.
        data: Folder of Pascal VOC, a `.json` file of COCO, or the name of a data set of TFDS: see `data.boxes`.
        epochs: Integer > 0. Defaults to `None`: as many as make 600 steps, and ten at least.
        image_size: Pair of integers `(height, width)` that images are resized to. Defaults to `None`: the median of
            their sizes, with 256 pixels at most on the longer side.
        batch_size: Integer > 0. Images per step. Defaults to `8`.
        train_split: String. Defaults to `"train"`.
        test_split: String. Defaults to `"test"`.
        images: Integer > 0. So many of the training images, chosen by `seed`. Defaults to `None`: all.
        classes: Sequence of strings, the names of the classes in the order of their numbers. Defaults to `None`:
            those of the annotations.
        frozen: Boolean. Whether the encoder stays as it is, and only the head learns. Defaults to `False`.
        baseline: Boolean. Whether to train from scratch too. Defaults to `True`.
        width: Integer > 0, a multiple of 16: channels of the head. Defaults to `64`.
        seed: Integer. Chooses the images, their order and augmentation, and random weights. Defaults to `0`.
        on_error: String. `"raise"` or `"skip"`: what to do about files that cannot be used. Defaults to `"raise"`.
        resume: Boolean. Whether to go on from the newest checkpoint of a training with the same settings. Defaults to
            `False`: begin anew.
        verbose: 0 for silence. Defaults to `1`.

    Returns:
        Dict from the method's name and "from scratch" to a dict from "AP" to the `SceneScore`.

    Raises:
        ValueError: If there are no boxes, the encoder has no feature maps, or an argument is out of its range.
        ImportError: If pycocotools is not installed.

    Example:

    >>> rows = keras_ssl.runs.detect("runs/cells", "cells", epochs=30)  # doctest: +SKIP
    """

    def load(split, class_names, **settings):
        names = class_names or classes
        return datasets.boxes(data, split=split, classes=names, **settings)

    task = SceneTask("detector", load, Detector, average_precision, plots.detections)
    settings = Settings(
        os.fspath(data),
        image_size,
        epochs,
        batch_size,
        train_split,
        test_split,
        images,
        frozen,
        width,
        seed,
        on_error,
    )
    return train_and_score(task, as_run(run), settings, baseline=baseline, resume=resume, verbose=verbose)
