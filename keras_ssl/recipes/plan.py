import functools
import importlib.resources
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from keras_ssl.recipes.settings import is_overridden, merge, override, read
from keras_ssl.recipes.validation import apply_overrides

if TYPE_CHECKING:
    from keras_ssl.recipes.facts import Facts


@dataclass(frozen=True)
class Decision:
    """One setting that follows from the images, the device and the budget.

    Attributes:
        key: String. The setting, with dots for nesting.
        value: Its value.
        reason: String. Why it has this value.
    """

    key: str
    value: Any
    reason: str

    def __str__(self):
        return f"{self.key} = {self.value}: {self.reason}"


@dataclass(frozen=True)
class Budget:
    """The length of a training in one of three units. Without any, the number of images decides.

    Args:
        minutes: Float > 0. Wall-clock time in all. Defaults to `None`.
        epochs: Integer > 0. Passes over the images. Defaults to `None`.
        steps: Integer > 0. Updates of the network. Defaults to `None`.

    Raises:
        ValueError: If more than one is given, or a number is not positive.
    """

    minutes: float | None = None
    epochs: int | None = None
    steps: int | None = None

    def __post_init__(self):
        given = {name: value for name, value in vars(self).items() if value is not None}
        if len(given) > 1:
            raise ValueError(f"Give only one of minutes, epochs and steps. Received: {given}")
        for name, value in given.items():
            if isinstance(value, bool) or not value > 0 or not math.isfinite(value):
                raise ValueError(f"{name} must be positive. Received: {name}={value}")


# The fewest epochs of a training that is shorter than one pass over the images, or whose epochs are several passes,
# so that there is something to see and to resume from.
PARTS = 10


@functools.cache
def rules() -> dict[str, Any]:
    """The rules that all recipes share, from `rules.yaml`."""
    return yaml.safe_load((importlib.resources.files(__package__) / "rules.yaml").read_text(encoding="utf-8"))


def steps_per_epoch(settings: Mapping[str, Any], images: int) -> int:
    """Number of steps of an epoch. Images that do not fill a batch are left for the next pass."""
    return settings.get("steps_per_epoch") or max(1, images // settings["batch_size"])


def sees_all(settings: Mapping[str, Any], images: int) -> bool:
    """Whether a training sees every image. If not, caching all of them takes longer than it saves."""
    return settings["epochs"] * steps_per_epoch(settings, images) * settings["batch_size"] >= images


def is_photographs(facts: "Facts") -> bool:
    """Whether the images are larger than those that a network takes without resizing."""
    return max(facts.image_size) > rules()["kinds"]["small_images"]


def is_few(facts: "Facts") -> bool:
    """Whether there are so few images that a training sees each of them hundreds of times."""
    return facts.images <= rules()["few_images"]["up_to"]


class Plan:
    """The settings of one training on its way from a recipe's document, and why each is as it is.

    Args:
        document: dict, a method's YAML.
        facts: `Facts`.
        overrides: dict of the caller's settings, which nothing here changes.
        image_size: int, the side of the network's images for photographs, or None for the recipe's.
        few_steps: bool, whether the document's settings for trainings of few steps hold. Defaults to True.
    """

    def __init__(self, document, facts, overrides, image_size=None, few_steps=True):
        self.facts = facts
        self.overrides = overrides
        self.decisions = []
        self._document = document
        self.settings = {"method": document["method"], **document["default"], "read_size": None}
        self._take_kinds(image_size, few_steps)
        self.settings = apply_overrides(self.settings, overrides)
        self._fit_to_images()
        self._fit_to_number()

    def decide(self, key, value, reason):
        """Sets what the recipe has and the caller has not set."""
        if is_overridden(key, self.overrides) or read(self.settings, key) == value:
            return
        self.settings = override(self.settings, key, value)
        self.decisions.append(Decision(key, value, reason))

    @property
    def is_tiny(self):
        """Whether the images are as small as the digits of scikit-learn."""
        return max(self.facts.image_size) <= rules()["kinds"]["tiny_images"]

    # ------------------------------------------------------------------ settings by kind

    def _take_kinds(self, image_size, few_steps):
        side = self._network_side(image_size)
        kind = next((kind for kind, up_to in rules()["kinds"].items() if side <= up_to), None)
        if kind is not None:
            self._lay_over(kind, f"the network sees {side} pixels")
        if is_photographs(self.facts) or self.facts.resizable:
            typical = " x ".join(map(str, self.facts.image_size))
            self.decide("image_size", [side, side], f"pictures of about {typical}, on {self.facts.device}")
        if self.is_tiny:
            return
        if few_steps:
            self._lay_over("few_steps", "the paper's settings are for hundreds of thousands of steps")
        if is_few(self.facts):
            self._lay_over("few_images", f"{self.facts.images} images")
            changes = rules()["few_images"]["augmenter"].get(read(self.settings, "augmenter.name"), {})
            for key, value in changes.items():
                self.decide(f"augmenter.{key}", value, f"milder views of {self.facts.images} images")

    def _network_side(self, image_size):
        given = self.overrides.get("image_size")
        if given is not None:
            return max(given) if isinstance(given, list | tuple) else given
        shorter = min(self.facts.image_size)
        if is_photographs(self.facts):
            # No larger than the pictures, and what halves four times evenly.
            side = min(image_size or max(self.settings["image_size"]), shorter)
            return max(16, side // 16 * 16)
        return shorter if self.facts.resizable else max(self.facts.image_size)

    def _lay_over(self, kind, reason):
        """Takes the document's settings of a kind, where it has some."""
        if kind in self._document:
            self.settings = merge(self.settings, self._document[kind])
            self.decisions.append(Decision("settings", kind, reason))

    # ------------------------------------------------------------------ settings by size and number

    def _fit_to_images(self):
        """Photographs are read larger than the network sees them, in the shape of a typical one."""
        size, own = self.settings["image_size"], self.facts.image_size
        crops = self.settings.get("augmenter") is not None
        if size is not None and self.facts.resizable and crops:
            side, shorter = max(size), min(own)
            # Never enlarged, but to the network's size.
            scale = max(side, min(rules()["read_scale"] * side, shorter)) / shorter
            longest = rules()["longest_aspect"] * scale * shorter
            read_size = [max(least, round(min(n * scale, longest))) for least, n in zip(size, own, strict=True)]
            if read_size != list(size):
                self.decide("read_size", read_size, "random crops come from pictures larger than the network's")
        if not self.facts.accelerator and str(read(self.settings, "backbone.name")).startswith("resnet"):
            self.decide("backbone.width", rules()["cpu"]["resnet_width"], f"on {self.facts.device}")

    def _fit_to_number(self):
        images = self.facts.images
        self.decide("batch_size", self._batch_size(), f"for {images} images")
        batch = self.settings["batch_size"]
        if queue := read(self.settings, "arguments.queue_size"):
            most = max(1, int(images * rules()["queue_share"]) // batch) * batch
            self.decide("arguments.queue_size", min(queue, most), "half of the images at the most")
        if prototypes := read(self.settings, "arguments.prototypes"):
            share = rules()["images_per_prototype"]
            self.decide("arguments.prototypes", min(prototypes, max(10, images // share)), f"{share} images for each")

    def _batch_size(self):
        if self.facts.batch_size is not None:
            return self.facts.batch_size
        row, batch = self._row(), self.settings["batch_size"]
        if row is not None:
            batch = min(batch, row["batch_size"])
        while batch > self.facts.images and batch > 2:
            batch //= 2
        return batch

    def _row(self):
        return next((row for row in rules()["images"] if self.facts.images <= row["up_to"]), None)

    # ------------------------------------------------------------------ the length

    @property
    def steps_per_epoch(self):
        """Steps in which every image is seen once."""
        return steps_per_epoch(self.settings, self.facts.images)

    @property
    def default_steps(self):
        """The steps that a training on so many images needs, where nobody says how long it may take."""
        row = self._row()
        by_number = row is not None and not self.is_tiny
        return (row["epochs"] if by_number else self.settings["epochs"]) * self.steps_per_epoch

    def lay_out(self, steps, reason, passes=1):
        """Makes the training `steps` long: in epochs of so many passes over the images, or in parts of a pass."""
        whole = self.steps_per_epoch
        passes = min(passes, max(1, steps // whole // PARTS))
        if steps >= whole:
            epochs, length = round(steps / (passes * whole)), passes * whole
            text = f"{epochs * length} steps, {length} an epoch"
            text += f", which is {passes} passes over the images" if passes > 1 else ""
        else:
            epochs = min(PARTS, steps)
            length = steps // epochs
            text = f"{epochs * length} steps, {100 * epochs * length / whole:.0f} % of one pass over the images"
        given = None if length == whole else length
        self.settings = {**self.settings, "epochs": epochs, "steps_per_epoch": given}
        self.decisions.append(Decision("epochs", epochs, f"{text}; {reason}"))
