"""What `runs.detect` and `runs.segment` share: train on an encoder and from scratch, score, draw, save."""

import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_ssl import augment, callbacks, export
from keras_ssl.data import resize_images
from keras_ssl.data.evenly_spaced import evenly_spaced
from keras_ssl.data.picture_size import picture_size
from keras_ssl.evaluate import format_table, random_encoder
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.files.make_folder import make_folder
from keras_ssl.layers import PatchTokens
from keras_ssl.runs.history_file import HistoryFile
from keras_ssl.runs.run import Run, save_figure
from keras_ssl.transfer import scene_optimizer
from keras_ssl.transfer.scene_model import SceneModel
from keras_ssl.transfer.scene_score import SceneScore

# 24 epochs of BCCD's 205 images in batches of 8, in which a detector from scratch reached an AP50 of 0.85.
MINIMUM_STEPS = 600
MINIMUM_EPOCHS = 10
# More is slow without an accelerator; small objects are what it costs.
LONGEST_SIDE = 256
SIZES_LOOKED_AT = 50
CHECKPOINTS = 10
SCRATCH = "from scratch"


@dataclass(frozen=True)
class Settings:
    """How a scene model is trained; `runs.detect` describes each.

    `image_size` and `epochs` may be None until the data are known.
    """

    data: str
    image_size: tuple[int, int] | None
    epochs: int | None
    batch_size: int
    train_split: str
    test_split: str
    images: int | None
    frozen: bool
    width: int
    seed: int
    on_error: str


@dataclass(frozen=True)
class SceneTask:
    """What differs between detection and segmentation.

    Args:
        folder: String. The folder in the run, and the name of the model's file in it.
        load: Function from `split`, `class_names` (None if not known yet) and keyword arguments of `data.boxes` to a
            data set.
        build: Function from an encoder, class names and keyword arguments to a `Detector` or a `Segmenter`.
        score: Function from the model and a data set to a `SceneScore`.
        draw: Function from arrays of images, truths and predictions, and class names to a figure.
    """

    folder: str
    load: Callable[..., tf.data.Dataset]
    build: Callable[..., SceneModel]
    score: Callable[[SceneModel, tf.data.Dataset], SceneScore]
    draw: Callable[..., Any]


def train_and_score(
    task: SceneTask, run: Run, settings: Settings, *, baseline: bool, resume: bool, verbose: int
) -> dict[str, dict[str, SceneScore]]:
    """Trains a model on the run's encoder and one from scratch, scores both, and writes them into the run's folder.

    Returns:
        Dict from the method's name and "from scratch" to a dict with the score.
    """
    encoder = run.encoder()
    settings = with_defaults(settings, task)
    folder = run.path / task.folder
    begin(folder, settings, resume)
    size = {"image_size": settings.image_size, "channels": encoder.input_shape[-1], "on_error": settings.on_error}
    train = task.load(
        settings.train_split,
        None,
        batch_size=settings.batch_size,
        shuffle=True,
        seed=settings.seed,
        max_images=settings.images,
        verbose=verbose,
        **size,
    )
    test = task.load(settings.test_split, train.class_names, batch_size=settings.batch_size, shuffle=False, **size)
    starts: dict[str, Callable[[], keras.Model]] = {run.config["recipe"]["method"]: lambda: encoder}
    if baseline:
        starts[SCRATCH] = lambda: random_encoder(encoder, pixels_for(encoder, train), settings.seed)
    rows = {}
    for name, start in starts.items():
        part = folder / "scratch" if name == SCRATCH else folder
        model = train_model(task, part, start, train, settings, scratch=name == SCRATCH, name=name, verbose=verbose)
        score = task.score(model, test)
        rows[name] = {score.name: score}
        atomic_write(part / f"{task.folder}.keras", model.save)
        if name != SCRATCH:
            images, truths = (joined(parts) for parts in zip(*test.as_numpy_iterator(), strict=True))
            predictions = model.predict(images, batch_size=settings.batch_size, verbose=0)
            save_figure(folder, "worst", task.draw, images, truths, predictions, model.class_names)
    report = {
        "settings": asdict(settings),
        "scores": {name: one.to_dict() for name, scores in rows.items() for one in scores.values()},
    }
    atomic_write(folder / "scores.json", lambda path: path.write_text(json.dumps(report, indent=2)))
    if verbose:
        print(format_table(rows))
        for scores in rows.values():
            print(*scores.values(), sep="\n", flush=True)
    return rows


def with_defaults(settings: Settings, task: SceneTask) -> Settings:
    """Fills in the size of the images and the number of epochs from the data, where they are not given."""
    image_size, epochs = settings.image_size, settings.epochs
    if image_size is None or epochs is None:
        tried = {"batch_size": 1, "image_size": (32, 32), "cache": None, "on_error": settings.on_error}
        data = task.load(settings.train_split, None, max_images=settings.images, **tried)
        steps = max(1, len(data) // settings.batch_size)
        image_size = image_size or usual_size(data.file_paths)
        epochs = epochs or max(MINIMUM_EPOCHS, math.ceil(MINIMUM_STEPS / steps))
    height, width = image_size
    return replace(settings, image_size=(height, width), epochs=epochs)


def usual_size(paths: list[str]) -> tuple[int, int]:
    """The median height and width of images, with 256 pixels at most; 256 × 256 for images that are no files."""
    paths = [path for path in evenly_spaced(paths, SIZES_LOOKED_AT) if Path(path).is_file()]
    if not paths:
        return LONGEST_SIDE, LONGEST_SIDE
    size = np.median([picture_size(path) for path in paths], axis=0)
    height, width = np.round(size * min(1.0, LONGEST_SIDE / max(size))).astype(int)
    return int(height), int(width)


def begin(folder: Path, settings: Settings, resume: bool) -> None:
    """Makes the folder for a training with these settings, or checks that the one to be resumed has the same.

    Raises:
        ValueError: If the training to be resumed had other settings.
        FileNotFoundError: If there is none to be resumed.
    """
    path = folder / "settings.json"
    if not resume:
        for part in (folder / "checkpoints", folder / "scratch"):
            shutil.rmtree(part, ignore_errors=True)
        (folder / "history.csv").unlink(missing_ok=True)
        make_folder(folder)
        atomic_write(path, lambda file: file.write_text(json.dumps(asdict(settings), indent=2)))
        return
    if not path.is_file():
        raise FileNotFoundError(f"There is no training to go on with. Received: resume=True and the folder {folder}")
    before, now = json.loads(path.read_text()), json.loads(json.dumps(asdict(settings)))
    changed = [name for name in now if before.get(name) != now[name]]
    if changed:
        raise ValueError(
            "A training goes on with the settings that it began with. Received: "
            + ", ".join(f"{name}={now[name]!r} in place of {before.get(name)!r}" for name in changed)
        )


def train_model(
    task: SceneTask,
    folder: Path,
    start: Callable[[], keras.Model],
    train: tf.data.Dataset,
    settings: Settings,
    *,
    scratch: bool,
    name: str,
    verbose: int,
) -> SceneModel:
    """Trains one model, or goes on from its newest checkpoint.

    Args:
        task: The task.
        folder: Path of its checkpoints and its log.
        start: Function that gives the encoder, called if there is no checkpoint.
        train: The training images.
        settings: The settings.
        scratch: Boolean. Whether the encoder has random weights: there is nothing to keep, so all layers learn alike
            from the first step, also with `frozen`.
        name: String, for the progress.
        verbose: 0 for silence.
    """
    make_folder(folder)
    checkpoint, epochs_done = callbacks.latest_checkpoint(folder / "checkpoints")
    if checkpoint is None:
        model = new_model(task, start(), train, settings, scratch=scratch)
    else:
        model = keras.saving.load_model(checkpoint)
    shown = [callbacks.Progress(settings.batch_size, f"{task.folder}, {name}")] if verbose else []
    kept = [
        callbacks.Checkpoint(folder / "checkpoints", every=math.ceil(settings.epochs / CHECKPOINTS)),
        HistoryFile(folder / "history.csv"),
    ]
    if epochs_done < settings.epochs:
        model.fit(train, initial_epoch=epochs_done, epochs=settings.epochs, callbacks=[*kept, *shown], verbose=0)
    return model


def new_model(
    task: SceneTask, encoder: keras.Model, train: tf.data.Dataset, settings: Settings, *, scratch: bool
) -> SceneModel:
    """A compiled model with the augmentation of its training."""
    keras.utils.set_random_seed(settings.seed)
    keeps_its_size = any(isinstance(layer, PatchTokens) for layer in encoder.layers)
    model = task.build(
        encoder,
        train.class_names,
        augment.scenes(settings.image_size, flip_probability=0.5 if encoder.input_shape[-1] == 3 else 0.0),
        image_size=settings.image_size if keeps_its_size else None,
        width=settings.width,
        seed=settings.seed,
    )
    model.encoder.trainable = scratch or not settings.frozen
    kept = {"layer_decay": 1.0, "head_first": 0.0} if scratch else {}
    model.compile(scene_optimizer(model, settings.epochs * len(train), **kept))
    return model


def pixels_for(encoder: keras.Model, data: tf.data.Dataset) -> tf.data.Dataset:
    """The images of a data set alone, in the size that an encoder takes."""
    size = encoder.input_shape[1:3]
    return data.map(lambda images, targets: images if None in size else resize_images(images, size))


def trained_file(folder: Any) -> Path | None:
    """The `.keras` file of the model that `runs.detect` or `runs.segment` left in a folder, or None."""
    if not isinstance(folder, str | os.PathLike):
        return None
    path = Path(folder) / f"{Path(folder).resolve().name}.keras"
    return path if path.is_file() and (path.parent / "settings.json").is_file() else None


def export_trained(file: Path, to: str | os.PathLike[str], resize: str | None) -> Path:
    """Exports the model in a file that `trained_file` found, and returns the folder of the version."""
    settings = json.loads((file.parent / "settings.json").read_text())
    return export.scene_model(
        keras.saving.load_model(file),
        to,
        image_size=tuple(settings["image_size"]),
        resize=resize or "stretch",
        metadata={"data": settings["data"], "settings": settings},
    )


def joined(parts: Any) -> Any:
    """One array, or one dict of arrays, of those of many batches."""
    if isinstance(parts[0], dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return np.concatenate(parts)
