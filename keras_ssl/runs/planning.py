"""From a run's data and budget to its recipe, and the lines that announce it."""

import math
import time
from typing import TYPE_CHECKING, Any

from keras_ssl import data, recipes
from keras_ssl.progress import duration
from keras_ssl.recipes.plan import rules, steps_per_epoch
from keras_ssl.recipes.timing import time_training
from keras_ssl.runs.data_source import count_images, has_labels, open_source
from keras_ssl.runs.monitors import MONITORED_IMAGES

if TYPE_CHECKING:
    from keras_ssl.recipes.recipe import Recipe

# A size that networks take: resizing to others costs little compared with decoding.
TIMED_SIZE = (48, 48)
TIMED_BATCH = 16
# How long images are decoded to measure the time of one.
TIMED_SECONDS = 1.0


def facts_of_source(source: dict[str, Any], monitor: bool = True, verbose: int = 0) -> recipes.Facts:
    """The `recipes.Facts` of a run's data.

    Args:
        source: Dict. Result of `data_source.resolve`.
        monitor: Boolean. Whether some images are read once more before the first step, for the monitors. Defaults to
            `True`.
        verbose: Integer. 1 to show what takes long. Defaults to `0`.

    Raises:
        ValueError: If there are no images, or their size is not known.
    """
    described = data.describe(source["name"], source["data_dir"], split=source["split"])
    height, width, channels = described.image_shape
    differ = None in (height, width)
    if described.typical_size is None:
        raise ValueError(
            f"None of the files of {source['name']} that were looked at is an image that can be read: PNG, JPEG, "
            f"GIF, BMP, WebP, TIFF or DICOM. Received: data={source['name']!r}"
        )
    images = count_images(source, verbose)
    seconds_per_image = _seconds_per_image(source)
    watched = min(images, MONITORED_IMAGES) if monitor and has_labels(source) else 0
    return recipes.Facts(
        images=images,
        image_size=tuple(described.typical_size) if differ else (height, width),
        channels=source["channels"] if data.is_folder(source["name"]) else channels,
        resizable=data.is_folder(source["name"]) or differ or max(height, width) > rules()["kinds"]["small_images"],
        seconds_per_image=seconds_per_image,
        seconds_before=watched * seconds_per_image,
        cache=source["cache"],
    )


def _seconds_per_image(source):
    """Measure the seconds that reading and decoding an image takes."""
    pictures = open_source(
        {**source, "image_size": TIMED_SIZE, "read_size": None},
        source["split"],
        cache="none",
        batch_size=TIMED_BATCH,
        shuffle=data.is_folder(source["name"]),  # of a data set by name that would read a block of files first
    )
    began = since = time.monotonic()
    for batch, _ in enumerate(pictures):
        now = time.monotonic()
        if batch == 0:
            since = now  # what starts a pipeline is no part of an image
        elif now - began > TIMED_SECONDS:
            break
    return (now - (since if batch else began)) / (TIMED_BATCH * max(1, batch))


def reports_every(epochs: int, minutes: float | None = None) -> int:
    """Number of epochs between checkpoints and monitors.

    Args:
        epochs: Integer. Number of epochs of the training.
        minutes: Float or `None`. Its budget, of which reports may take a part. Defaults to `None`.
    """
    most = rules()["reports"]
    if minutes is not None:
        most = min(most, max(1, round(minutes * rules()["reports_per_minute"])))
    return max(1, math.ceil(epochs / most))


def announce(recipe: "Recipe", facts: recipes.Facts, minutes: float | None) -> None:
    """Print each decision with its reason, and how long the training will take.

    Args:
        recipe: The planned `Recipe`.
        facts: The `Facts` of the images.
        minutes: Float or `None`. The budget; without one the time is estimated by making some steps.
    """
    settings = recipe.settings
    for decision in recipe.decisions:
        print(f"  {decision}")
    height, width, _ = recipe.image_shape
    steps = steps_per_epoch(settings, facts.images) * settings["epochs"]
    if minutes is None:
        size = settings["read_size"] or (height, width)
        timing = time_training(recipe, facts, recipe.image_shape, size)
        minutes = (timing.to_begin + timing.per_step * steps) / 60 / (1 - rules()["overhead"])
    print(
        f"{settings['method']} on {facts.images} images: {height} x {width} px, batch {settings['batch_size']}, "
        f"{steps} steps, {settings['epochs']} epochs, about {duration(60 * minutes)} on {facts.device}.",
        flush=True,
    )
    if minutes > 60 * rules()["long"]:
        print(
            "That is long. A budget lays everything out for the time there is: --minutes 20, in Python minutes=20.",
            flush=True,
        )
