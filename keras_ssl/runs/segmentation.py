import functools
import os
from collections.abc import Sequence
from typing import Any

from keras_ssl import data as datasets
from keras_ssl import plots
from keras_ssl.runs.run import as_run
from keras_ssl.runs.scenes import SceneTask, Settings, train_and_score
from keras_ssl.transfer import SceneScore, Segmenter, mean_iou


def segment(
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
    ignore_class: int = 255,
    dice_weight: float = 0.0,
    frozen: bool = False,
    baseline: bool = True,
    width: int = 32,
    seed: int = 0,
    on_error: str = "raise",
    resume: bool = False,
    verbose: int = 1,
) -> dict[str, dict[str, SceneScore]]:
    """Train a segmentation network on the encoder of a run, and score it beside the same network from scratch.

    As `runs.detect`, with a `transfer.Segmenter`, which is scored by mean IoU. The folder is `segmenter/`.

    Args:
        run: A `Run`, or the path of one.
        data: Folder with a subfolder for each split, which has `images/` and `masks/`, or the name of a data set of
            TFDS: see `data.masks`.
        epochs: As in `runs.detect`.
        image_size: As in `runs.detect`.
        batch_size: As in `runs.detect`.
        train_split: As in `runs.detect`.
        test_split: As in `runs.detect`.
        images: As in `runs.detect`.
        classes: Sequence of strings, the names of the classes in the order of their numbers. Defaults to `None`:
            their numbers.
        ignore_class: Integer from 0 to 255: the number in the masks of pixels without a label. Defaults to `255`.
        dice_weight: Float of at least 0. Weight of the Dice loss. Defaults to `0.0`.
        frozen: As in `runs.detect`.
        baseline: As in `runs.detect`.
        width: Integer > 0: channels at the finest level of the decoder. Defaults to `32`.
        seed: As in `runs.detect`.
        on_error: As in `runs.detect`.
        resume: As in `runs.detect`.
        verbose: As in `runs.detect`.

    Returns:
        Dict from the method's name and "from scratch" to a dict from "mean IoU" to the `SceneScore`.

    Raises:
        ValueError: If there are no masks, the encoder has no feature maps, or an argument is out of its range.

    Example:

    >>> rows = keras_ssl.runs.segment("runs/street", "street", ignore_class=11)  # doctest: +SKIP
    """

    def load(split, class_names, **settings):
        names = class_names or classes
        return datasets.masks(data, split=split, class_names=names, ignore_class=ignore_class, **settings)

    task = SceneTask(
        "segmenter",
        load,
        functools.partial(Segmenter, ignore_class=ignore_class, dice_weight=dice_weight),
        mean_iou,
        functools.partial(plots.masks, ignore_class=ignore_class),
    )
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
