import numpy as np
import tensorflow as tf

from keras_ssl.checks.arguments import check_choice, check_count, check_image_size
from keras_ssl.data.digits import CLASS_NAMES, load_digits
from keras_ssl.data.memory import in_memory

BACKGROUND = 10
# A digit hides at most this share of the smaller box of two. So many places are tried for each.
_OVERLAP, _TRIES = 0.25, 20
_INK = 0.5
_DARKEST, _BRIGHTEST = 0.0, 255.0


def digit_scenes(
    n: int,
    seed: int = 0,
    *,
    targets: str = "boxes",
    batch_size: int = 16,
    image_size: int | tuple[int, int] = (96, 96),
    split: str = "train",
    most: int = 5,
    sizes: tuple[int, int] = (16, 40),
    shuffle: bool = False,
    drop_remainder: bool | None = None,
) -> tf.data.Dataset:
    """Make pictures of several handwritten digits on textured canvases, with boxes and masks.

    The digits are those of scikit-learn, resized; no files are needed. The same arguments give the same pictures, and
    a smaller `n` the first of them.

    Args:
        n: A positive integer, the number of pictures.
        seed: A non-negative integer. Defaults to 0.
        targets: `"boxes"` for detection, `"masks"` for segmentation, or `"both"`. Defaults to `"boxes"`.
        batch_size: A positive integer. Defaults to 16.
        image_size: The (height, width) of the pictures, or one integer. Defaults to (96, 96).
        split: `"train"` or `"test"`: which digits are used, see `load`. Defaults to `"train"`.
        most: A positive integer: each picture has 1 to `most` digits. Defaults to 5.
        sizes: Pair of integers from 8 to the shorter side of the picture: the smallest and the largest side, in
            pixels, of the square that a digit is drawn in. Defaults to (16, 40).
        shuffle: Boolean: whether each epoch has an order of its own; see `set_epoch`. Defaults to `False`.
        drop_remainder: Boolean: as in `from_arrays`. Defaults to `None`.

    Returns:
        A `tf.data.Dataset` of images (batch, height, width, 3), uint8, and what `targets` asks for, with the
        attributes `class_names` and `epoch`. `"boxes"`: a dict of "boxes" (batch, `most`, 4), float32, and "classes"
        (batch, `most`), int32, as `boxes` makes them; the box is around all ink of a digit, with what another digit
        hides. `"masks"`: uint8 (batch, height, width), 0 to 9 for the pixels of a digit and 10 for the background, so
        that an id means the same digit in both. `"both"`: the dict with "masks" in it.

    Raises:
        ValueError: If an argument is not as described.

    Example:

    >>> scenes = keras_ssl.data.digit_scenes(32, seed=0, targets="masks")
    >>> scenes.element_spec[1]
    TensorSpec(shape=(16, 96, 96), dtype=tf.uint8, name=None)
    >>> scenes.class_names[-1]
    'background'
    """
    check_count("n", n)
    check_count("most", most)
    check_choice("targets", targets, ("boxes", "masks", "both"))
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"`seed` must be a non-negative integer. Received: seed={seed!r}")
    height, width = check_image_size(image_size)
    if len(sizes) != 2 or not 8 <= sizes[0] <= sizes[1] <= min(height, width):
        raise ValueError(
            "`sizes` must be (smallest, largest), from 8 pixels to the shorter side of the picture. "
            f"Received: sizes={sizes!r}, image_size={image_size!r}"
        )
    digits, labels = load_digits(split)
    glyphs = digits[..., 0].astype(np.float32) / 255
    images = np.empty((n, height, width, 3), np.uint8)
    masks = np.full((n, height, width), BACKGROUND, np.uint8)
    boxes, classes = np.full((n, most, 4), -1, np.float32), np.full((n, most), -1, np.int32)
    for row in range(n):
        # A generator for each picture: it does not depend on how many there are.
        rng = np.random.default_rng([seed, row])
        canvas, placed = _canvas(rng, height, width), []
        for _ in range(rng.integers(1, most + 1)):
            number = int(rng.integers(len(glyphs)))
            ink = _resized(glyphs[number], int(rng.integers(sizes[0], sizes[1] + 1)))
            ink = ink[_extent(ink)]
            corner = _place(rng, ink.shape, (height, width), placed)
            if corner is None:
                continue
            top, left = corner
            area = (slice(top, top + ink.shape[0]), slice(left, left + ink.shape[1]))
            _paint(rng, canvas[area], ink)
            masks[row][area][ink > _INK] = labels[number]
            placed.append((top, left, area[0].stop, area[1].stop))
            classes[row, len(placed) - 1] = labels[number]
        boxes[row, : len(placed)] = np.array(placed) / [height, width, height, width]
        images[row] = canvas.clip(_DARKEST, _BRIGHTEST).round()
    named = {"boxes": boxes, "classes": classes, "masks": masks}
    wanted = {"boxes": {"boxes": boxes, "classes": classes}, "masks": masks, "both": named}[targets]
    names = CLASS_NAMES if targets == "boxes" else [*CLASS_NAMES, "background"]
    return in_memory(images, wanted, batch_size, shuffle, seed, drop_remainder, class_names=list(names))


def _canvas(rng, height, width):
    """Two colors that blend in soft patches, and fine noise."""
    colors = rng.uniform(40, 215, (2, 3))
    patches = _resized(rng.random((6, 6)), max(height, width))[:height, :width, None]
    return colors[0] + (colors[1] - colors[0]) * patches + rng.normal(0, 8, (height, width, 3))


def _paint(rng, area, ink):
    """Blends a digit into a part of the canvas, in a color that differs from it in brightness."""
    mean = area.mean()
    color = rng.uniform(0, 60, 3) if mean > 127 else rng.uniform(195, 255, 3)
    area += np.clip(2 * ink, 0, 1)[..., None] * (color - area)


def _place(rng, shape, size, placed):
    """The top left corner of a place that overlaps little with others, or `None`."""
    for _ in range(_TRIES):
        top, left = (int(rng.integers(size[axis] - shape[axis] + 1)) for axis in (0, 1))
        box = (top, left, top + shape[0], left + shape[1])
        if all(_overlap(box, other) <= _OVERLAP for other in placed):
            return top, left
    return None


def _overlap(first, second):
    """Intersection of two boxes over the area of the smaller."""
    sides = [min(first[axis + 2], second[axis + 2]) - max(first[axis], second[axis]) for axis in (0, 1)]
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return max(sides[0], 0) * max(sides[1], 0) / smaller


def _extent(ink):
    """The rows and columns that have ink."""
    inked = ink > _INK
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _resized(square, side):
    """Bilinear interpolation of a square array to `side` pixels."""
    places = ((np.arange(side) + 0.5) * len(square) / side - 0.5).clip(0, len(square) - 1)
    weights = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(len(square))))
    return weights @ square @ weights.T
