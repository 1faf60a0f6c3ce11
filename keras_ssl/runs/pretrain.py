import contextlib
import dataclasses
import os
import shlex
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from keras_ssl import plots, recipes
from keras_ssl.callbacks import BatchStatistics, Checkpoint, KNNMonitor, Progress, latest_checkpoint
from keras_ssl.data.batches import with_length
from keras_ssl.data.describe import is_folder
from keras_ssl.data.memoize import memoize_scans
from keras_ssl.data.resize import check_resize
from keras_ssl.evaluate import training_verdict
from keras_ssl.evaluate.baselines import KNN_BASELINES
from keras_ssl.files.atomic_write import atomic_write
from keras_ssl.recipes.plan import sees_all
from keras_ssl.recipes.validation import check_saved_settings
from keras_ssl.runs.config import versions, write_config
from keras_ssl.runs.data_source import describe_held_out, locate, open_source, resolve
from keras_ssl.runs.encoder_file import EncoderFile
from keras_ssl.runs.figures import save_sample_figures, save_task_figures
from keras_ssl.runs.history_file import HistoryFile, read_history, write_history
from keras_ssl.runs.lock import locked
from keras_ssl.runs.monitors import monitors
from keras_ssl.runs.next_command import next_command
from keras_ssl.runs.planning import announce, facts_of_source, reports_every
from keras_ssl.runs.run import (
    CACHE_FILE,
    README_TITLE,
    Run,
    new_folder,
    save_figure,
)
from keras_ssl.runs.sample import preview, sample
from keras_ssl.runs.stop_on_signal import StopOnSignal

# For the statistics of batch normalization: their error is then a few per cent of a standard deviation.
STATISTICS_IMAGES = 2000

# Lists the files of a folder that were skipped because they cannot be read, with the reasons.
SKIPPED_FILE = "skipped.txt"

_KEPT = {"memory": "in memory", "disk": f"on disk, in {CACHE_FILE}", "none": "no"}

GO_ON = (
    README_TITLE
    + """
{method} on {data}. `config.yaml` has all settings, `history.csv` one row for each epoch, `figures/` the figures,
`checkpoints/` the newest state of the training, `encoder.keras` the newest encoder.

    keras-ssl pretrain --resume --out {folder}   # resume after an interruption
    keras-ssl evaluate {folder}                  # score the features
    keras-ssl embed {folder} photos/ --to features.npz
    keras-ssl export {folder} --to {to}

From Python:

    import keras_ssl
    encoder = keras_ssl.runs.Run({path!r}).encoder()
"""
)


@memoize_scans()
def pretrain(
    method: str,
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    split: str = "train",
    image_size: int | tuple[int, int] | None = None,
    channels: int = 3,
    data_dir: str | os.PathLike[str] | None = None,
    on_error: str = "raise",
    resize: str = "crop",
    bits: int | None = None,
    cache: str = "auto",
    overrides: dict[str, Any] | None = None,
    minutes: float | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    policy: str = "float32",
    seed: int = 0,
    jit_compile: bool | str = "auto",
    monitor: bool = True,
    verbose: int | str = "auto",
    began: float | None = None,
) -> Run:
    """Train a method into a new run folder, with settings that follow from the images and the budget.

    `recipes.load` decides the settings and gives the reasons: each decision is printed, and saved in the folder's
    config.yaml. At the end, a verdict says how the training went (`evaluate.training_verdict`), and what to try next
    if it went badly.

    Args:
        method: String. One of `recipes.names()`, such as "simclr".
        data: String. "digits", the name of a TFDS data set, or the path of a folder of images.
        out: Path of the folder to create. It must be new or empty, or hold only the beginning of a run that was
            killed before its settings were written.
        split: String. The images to train on, such as "train" or "train[:20000]". For a folder with one subfolder for
            each class, "train" leaves out the fifth on which `evaluate` scores, and "all" leaves out nothing. For
            other folders, both mean all images. Defaults to `"train"`.
        image_size: Tuple `(height, width)` of the network's input, or one integer for a square. `None` keeps the size
            of images of up to 64 pixels; for larger images, the size follows from their number, the device and the
            budget. Defaults to `None`.
        channels: Integer. For a folder: 3 for RGB, 1 for gray, or the number of channels of its TIFF files. Has no
            effect on data sets by name. Defaults to `3`.
        data_dir: Folder of prepared TFDS data sets. Defaults to `None`.
        on_error: "raise" or "skip". What to do about files of a folder that cannot be read. Defaults to `"raise"`.
        resize: "crop", "stretch" or "pad". How images of another shape are resized for the network, in evaluation and
            serving too; see `data.resize_images`. Defaults to `"crop"`.
        bits: Integer or `None`. How many bits are in use in a folder's files of 16 bits, in evaluation and serving
            too; see `data.from_directory`. Defaults to `None`.
        cache: "auto", "memory", "disk" or "none". Whether and where to keep the decoded images of a folder or a TFDS
            data set; see `data.from_directory`. "auto" keeps none if the training does not see all images. "disk"
            keeps them in `pictures.cache` in the run folder if they take more than a quarter of the free memory.
            Defaults to `"auto"`.
        overrides: Dict of recipe settings to change, as in `recipes.load`. Defaults to `None`.
        minutes: Float. Time limit for the whole training on this machine. Defaults to `None`.
        epochs: Integer. Passes over the images. Defaults to `None`.
        steps: Integer. Training steps. At most one of `minutes`, `epochs` and `steps` may be given. Without them, the
            number of steps follows from the number of images. Defaults to `None`.
        policy: String. The Keras dtype policy, such as "mixed_bfloat16". Defaults to `"float32"`.
        seed: Integer. Together with the settings it determines the run. Defaults to `0`.
        jit_compile: See `SelfSupervisedModel.compile`. Defaults to `"auto"`.
        monitor: Boolean. Whether to log the kNN accuracy during training if the data has labels, which are not
            trained on. For methods that compare views, it also logs the spread and the rank of the features, with a
            warning if they collapse (`callbacks.CollapseMonitor`). Defaults to `True`.
        verbose: 0 for no output, 2 for one line an epoch, else a progress bar, or lines if the output is not a
            terminal. Defaults to `"auto"`.
        began: Float. The start of the minutes, by `time.monotonic()`. `None` means now. Defaults to `None`.

    Returns:
        The `Run`.

    Raises:
        FileExistsError: If `out` is not empty.
        BlockingIOError: If another process trains in it.
        ValueError: If a name or a setting does not exist.

    Example:

    >>> import keras_ssl
    >>> run = keras_ssl.runs.pretrain("simclr", "digits", "runs/digits", overrides={"epochs": 1}, verbose=0)
    >>> run.encoder().output_shape
    (None, 256)
    """
    began = time.monotonic() if began is None else began
    out = Path(out)
    with new_folder(out):
        check_resize(resize)
        source = resolve(str(data), split, channels, data_dir, on_error, resize, bits, cache)
        given = dict(overrides or {})
        if image_size is not None:
            given["image_size"] = image_size
        facts = facts_of_source(source, monitor, bool(verbose))
        with dtype_policy(policy):
            recipe = recipes.load(
                method, overrides=given, images=facts, minutes=minutes, epochs=epochs, steps=steps, began=began
            )
            if source["cache"] == "auto" and not sees_all(recipe.settings, facts.images):
                source["cache"] = "none"
                facts = dataclasses.replace(facts, cache="none")
            if verbose:
                announce(recipe, facts, minutes)
                if left_out := describe_held_out(source):
                    print(left_out)
        config = {
            "name": recipe.name,
            "data": {**source, **{key: recipe.settings[key] for key in ("image_size", "read_size")}},
            "recipe": recipe.settings,
            "images": facts.images,
            "decisions": [vars(decision) for decision in recipe.decisions],
            "policy": policy,
            "seed": seed,
            "report_every": reports_every(recipe.settings["epochs"], minutes),
            "jit_compile": jit_compile,
            "monitor": monitor,
            "versions": versions(),
        }
        return _train(config, out, verbose)


@memoize_scans()
def resume(
    path: str | os.PathLike[str], *, data: str | os.PathLike[str] | None = None, verbose: int | str = "auto"
) -> Run:
    """Resume an interrupted run from its newest checkpoint, as if it had not been interrupted.

    Args:
        path: Path of the run folder.
        data: New path of the run's folder of images, if it was moved. Saved in the run's settings. Defaults to
            `None`.
        verbose: 0 for no output, 2 for one line an epoch, else a progress bar, or lines if the output is not a
            terminal. Defaults to `"auto"`.

    Returns:
        The `Run`. A run that was complete is left unchanged.

    Raises:
        FileNotFoundError: If it is not the folder of a run.
        BlockingIOError: If another process trains in it.
        ValueError: If it diverged, or its settings are incomplete.
    """
    run = Run(Path(path))
    with locked(run.path):
        config = run.config
        checkpoint, epochs_done = latest_checkpoint(run.path / "checkpoints")
        _check_recipe(config, run.path, epochs_done)
        if data is not None:
            if not is_folder(config["data"]["name"]):
                raise ValueError(
                    "`data` is the new path of a run's folder of images, but this run has no folder: it trains on "
                    f"{config['data']['name']}. Leave out `data`. Received: data={str(data)!r}"
                )
            config = {**config, "data": locate(config["data"], data)}
            write_config(run.path / "config.yaml", config)
        if epochs_done < config["recipe"]["epochs"]:
            _train({**config, "data": locate(config["data"])}, run.path, verbose, checkpoint, epochs_done)
    return run


def _check_recipe(config, folder, epochs_done):
    """Checks the recipe of a resumed run: an error if the method must be built from it, else a warning."""
    try:
        check_saved_settings(config["recipe"], recipes.load(config["name"]).settings)
    except ValueError as error:
        if not epochs_done:
            raise ValueError(f"The run in {folder} cannot be resumed with its config.yaml. {error}") from error
        # The checkpoint has the method, perhaps from the recipe of an earlier version.
        warnings.warn(
            f"The recipe in {folder}/config.yaml could not start a new run; the training goes on from its "
            f"checkpoint. {error}",
            stacklevel=3,
        )


def _train(config, folder, verbose, checkpoint=None, epochs_done=0):
    """Fits from `checkpoint`, which has done `epochs_done` epochs, or from the start if there is none."""
    settings, source, seed = config["recipe"], config["data"], config["seed"]
    with dtype_policy(config["policy"]):
        images = open_source(
            source,
            source["split"],
            for_views=True,
            cache=source.get("cache", "auto"),
            cache_file=folder / CACHE_FILE,
            batch_size=settings["batch_size"],
            shuffle=True,
            seed=seed,
            verbose=bool(verbose),
        )
        config = {**config, "cached": images.cached._asdict()}
        if verbose:
            print(f"Decoded images kept: {_KEPT[images.cached.kind]} ({images.cached.reason}).", flush=True)
        steps_of_pass = len(images)
        if settings.get("steps_per_epoch"):
            images = with_length(images, settings["steps_per_epoch"])
        if checkpoint is None:
            recipe = recipes.Recipe(config["name"], settings)
            height, width, channels = images.element_spec.shape[1:]
            image_shape = (*(source["image_size"] or (height, width)), channels)
            model = recipe.build(image_shape, steps_of_pass, seed=seed, jit_compile=config["jit_compile"])
            _start_folder(folder, config, model)
        else:
            model = Run(folder).model(checkpoint=checkpoint)
            _check_size(source, model.encoder.input_shape, checkpoint)
        _list_skipped(getattr(images, "skipped", {}), folder / SKIPPED_FILE)
        _truncate_history(folder / "history.csv", epochs_done)
        callbacks = _callbacks(folder, config, model, verbose)
        with StopOnSignal() as stop:
            model.fit(
                images,
                epochs=settings["epochs"],
                initial_epoch=epochs_done,
                callbacks=[*callbacks, stop],
                verbose=0,
            )
        run = Run(folder)
        if verbose:
            print(_verdict(run, callbacks), flush=True)
        save_sample_figures(model, preview(source), folder)
    save_figure(folder, "curves", plots.training_curves, run.history)
    return run


def _check_size(source, input_shape, checkpoint):
    """Raises a ValueError if the settings have another image size than the network of the checkpoint."""
    size, own = source["image_size"], list(input_shape[1:3])
    if size is not None and list(size) != own:
        raise ValueError(
            f"The network of {checkpoint} takes images of {own[0]} x {own[1]} pixels: set image_size under data in "
            f"config.yaml to that again, or start a new run for another size. Received: data.image_size={size}"
        )


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Context that sets Keras' dtype policy, and restores it afterwards."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _start_folder(folder, config, model):
    method, data = config["recipe"]["method"], config["data"]
    words = {
        "folder": shlex.quote(str(folder)),
        "to": shlex.quote(f"saved_models/{folder.name}"),
        "path": str(folder),
    }
    text = GO_ON.format(method=method, data=data["name"], **words)
    atomic_write(folder / "README.md", lambda path: path.write_text(text, encoding="utf-8"))
    save_task_figures(model, preview(data, for_views=True)[:8], folder)
    # Last, because this file makes the folder a run.
    write_config(folder / "config.yaml", config)


def _callbacks(folder, config, model, verbose):
    every = config.get("report_every") or reports_every(config["recipe"]["epochs"])  # earlier versions have none
    return [
        *([] if model.encodes_whole_images else [_batch_statistics(config)]),
        *(
            monitors(config, model, every, baselines=_baselines(folder), verbose=bool(verbose))
            if config["monitor"]
            else []
        ),
        HistoryFile(folder / "history.csv"),
        EncoderFile(folder / "encoder.keras", every),
        *([Progress(config["recipe"]["batch_size"], plain=verbose == 2 or None)] if verbose else []),
        # Last: an epoch counts as done when everything else about it is written.
        Checkpoint(folder / "checkpoints", every),
    ]


def _verdict(run, callbacks):
    settings = run.config["recipe"]
    return training_verdict(
        settings["method"],
        run.history,
        steps=run.steps_done,
        scored_images=next((c.scored_images for c in callbacks if isinstance(c, KNNMonitor)), None),
        settings=settings,
        command=next_command(run),
    )


def _list_skipped(skipped, path):
    if skipped:
        text = "".join(f"{file}: {reason}\n" for file, reason in skipped.items())
        atomic_write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def _baselines(folder):
    """The baselines in the log of a resumed run, measured before its training, or True to measure them."""
    rows = read_history(folder / "history.csv")
    return {name: float(rows[0][name]) for name in KNN_BASELINES if name in rows[0]} if rows else True


def _batch_statistics(config):
    (images,) = sample(config, STATISTICS_IMAGES)
    return BatchStatistics(images, config["recipe"]["batch_size"])


def _truncate_history(path, epochs):
    """Removes the rows of epochs that were logged but have no checkpoint."""
    before = read_history(path)
    rows = [row for row in before if int(row["epoch"]) < epochs]
    if len(rows) < len(before):
        write_history(path, rows)
