"""How many random views per second, against keras-cv's and Keras' own layers: `python -m benchmarks.augment`.

Color images get SimCLR's views (strength 0.5; blur from 64 pixels on), square ones of the size of the views and
photographs that were read larger; gray ones get `augment.grayscale`'s. All rows draw the same distributions, take the
same uint8 batch, are called before they are timed, and are timed in turns in one process with the same threads. Each
stands at the faster of XLA and not. The rows:

- keras_ssl: `keras_ssl.augment.simclr` or `grayscale`;
- keras-cv: the composition of keras-cv's SimCLRAugmenter, whose RandomApply walks through the batch image by image;
- keras-cv, batched: the same layers, but RandomApply replaced by a tf.where over the whole batch;
- Keras: its own layers. There is no random resized crop among them, so RandomZoom and RandomTranslation stand in, and
  images larger than the views are resized first.

Two parameters cannot be the same: stock brightness is added, not multiplied, and stock saturation is uniform on
another scale between the same ends.

The scenes are color images with boxes and masks: `keras_ssl.augment.scenes` beside keras-cv's RandomFlip,
JitteredResize and RandomColorJitter.
"""

import warnings
from dataclasses import dataclass

import click
import keras
import keras_cv
import numpy as np
import tensorflow as tf

from benchmarks.timing import describe_machine, median_seconds_in_turns, print_table
from keras_ssl import augment


@dataclass(frozen=True)
class Case:
    """The shape of the images, the pixels per side of the views, and the batch size."""

    image_shape: tuple
    size: int
    batch_size: int

    @property
    def gray(self):
        return self.image_shape[-1] == 1


CASES = {
    "32": Case((32, 32, 3), 32, 256),
    "96": Case((96, 96, 3), 96, 64),
    "224": Case((224, 224, 3), 224, 16),
    "144 x 192 to 96": Case((144, 192, 3), 96, 64),
    "28, gray": Case((28, 28, 1), 28, 256),
    "96, gray": Case((96, 96, 1), 96, 64),
}
SCENES = "192 x 256, scenes"
SCENES_SHAPE = (16, 192, 256, 3)
# Factors of 0.6 to 1.4, as keras-cv and Keras count them: y = x / (1 - x).
SATURATION = (0.6 / 1.6, 1.4 / 2.4)


class BatchedApply(keras.layers.Layer):
    """Apply a layer to all images and keep the result for some of them."""

    def __init__(self, layer, rate):
        super().__init__()
        self.layer, self.rate = layer, rate

    def call(self, images):
        chosen = tf.random.uniform((tf.shape(images)[0], 1, 1, 1)) < self.rate
        return tf.where(chosen, self.layer(images), images)


def keras_cv_layers(case, apply):
    size = case.size
    if case.gray:
        return [
            keras_cv.layers.RandomRotation(15 / 360, fill_mode="constant"),
            keras_cv.layers.RandomTranslation(0.125, 0.125, fill_mode="constant"),
            keras_cv.layers.RandomCropAndResize((size, size), (0.3, 1.0), (1 / 2, 2.0)),
            apply(keras_cv.layers.RandomBrightness(0.4), rate=0.8),
            apply(keras_cv.layers.RandomContrast((0, 255), 0.4), rate=0.8),
        ]
    jitter = keras_cv.layers.RandomColorJitter(
        value_range=(0, 255),
        brightness_factor=0.4,
        contrast_factor=0.4,
        saturation_factor=SATURATION,
        hue_factor=(0.0, 0.2),
    )
    layers = [
        keras_cv.layers.RandomFlip("horizontal"),
        keras_cv.layers.RandomCropAndResize((size, size), (0.08, 1.0), (3 / 4, 4 / 3)),
        apply(jitter, rate=0.8),
        apply(keras_cv.layers.Grayscale(output_channels=3), rate=0.2),
    ]
    if size >= 64:
        blur = keras_cv.layers.RandomGaussianBlur(kernel_size=2 * (size // 20) + 1, factor=(0.1, 2.0))
        layers.append(apply(blur, rate=0.5))
    return layers


def keras_layers(case):
    size = case.size
    smaller = [keras.layers.Resizing(size, size)] if case.image_shape[:2] != (size, size) else []
    if case.gray:
        return [
            *smaller,
            keras.layers.RandomRotation(15 / 360, fill_mode="constant"),
            keras.layers.RandomTranslation(0.125, 0.125, fill_mode="constant"),
            keras.layers.RandomZoom((-0.45, 0.0), (-0.45, 0.0)),
            BatchedApply(keras.layers.RandomBrightness(0.4), rate=0.8),
            BatchedApply(keras.layers.RandomContrast(0.4), rate=0.8),
        ]
    layers = [
        *smaller,
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomZoom((-0.72, 0.0), (-0.72, 0.0)),
        keras.layers.RandomTranslation(0.3, 0.3),
        BatchedApply(
            keras.layers.RandomColorJitter(
                brightness_factor=0.4, contrast_factor=0.4, saturation_factor=SATURATION, hue_factor=(0.0, 0.2)
            ),
            rate=0.8,
        ),
        keras.layers.RandomGrayscale(0.2),
    ]
    if size >= 64:
        kernel_size = 2 * (size // 20) + 1
        layers.append(keras.layers.RandomGaussianBlur(factor=0.5, kernel_size=kernel_size, sigma=(0.1, 2.0)))
    return layers


def chain(layers, jit_compile):
    def views(images):
        images = tf.cast(images, tf.float32)
        for layer in layers:
            images = layer(images)
        return images

    return tf.function(views, jit_compile=jit_compile)


def pipelines(case):
    """Name, then one callable each with XLA and without it."""
    stock = keras_cv_layers(case, keras_cv.layers.RandomApply)
    batched = keras_cv_layers(case, BatchedApply)
    own = keras_layers(case)
    recipe = augment.grayscale if case.gray else augment.simclr
    for jit_compile in (True, False):
        yield "keras_ssl", jit_compile, recipe(case.size, jit_compile=jit_compile)
        yield "keras-cv", jit_compile, chain(stock, jit_compile)
        yield "keras-cv, batched", jit_compile, chain(batched, jit_compile)
        yield "Keras", jit_compile, chain(own, jit_compile)


def scene_pipelines(shape, objects, rng):
    """As `pipelines`, for images with boxes and masks."""
    batch, height, width, _ = shape
    boxes = np.sort(rng.uniform(0, 1, (batch, objects, 2, 2)), axis=2).reshape(batch, objects, 4).astype("float32")
    classes = rng.integers(0, 3, (batch, objects), dtype="int32")
    masks = rng.integers(0, 12, (batch, height, width), dtype="uint8")
    targets = {"boxes": tf.constant(boxes), "classes": tf.constant(classes), "masks": tf.constant(masks)}
    stock = [
        keras_cv.layers.RandomFlip("horizontal", bounding_box_format="rel_yxyx"),
        keras_cv.layers.JitteredResize((height, width), (1.0, 1.4), bounding_box_format="rel_yxyx"),
        keras_cv.layers.RandomColorJitter((0, 255), 0.2, 0.2, (0.45, 0.55), 0.05),
    ]
    labels = {"boxes": targets["boxes"], "classes": tf.cast(classes, tf.float32)}

    def keras_cv_scenes(images):
        stock_masks = targets["masks"][..., tf.newaxis]
        scenes = {"images": images, "bounding_boxes": labels, "segmentation_masks": stock_masks}
        for layer in stock:
            scenes = layer(scenes)
        return scenes

    for jit_compile in (True, False):
        scenes = augment.scenes((height, width), jit_compile=jit_compile)
        yield "keras_ssl", jit_compile, lambda images, scenes=scenes: scenes(images, targets)
        yield "keras-cv", jit_compile, tf.function(keras_cv_scenes, jit_compile=jit_compile)


def runnable(call):
    try:
        call()
    except tf.errors.InvalidArgumentError:  # XLA has no kernel for one of its operations
        return False
    return True


def measure(name, rounds):
    rng = np.random.default_rng(0)
    if name == SCENES:
        shape, candidates = SCENES_SHAPE, scene_pipelines(SCENES_SHAPE, 20, rng)
    else:
        case = CASES[name]
        shape, candidates = (case.batch_size, *case.image_shape), pipelines(case)
    images = tf.constant(rng.integers(0, 256, shape, dtype="uint8"))
    calls = {
        (layers, "XLA" if jit_compile else "graph"): lambda views=views: tf.nest.map_structure(
            np.asarray, views(images)
        )
        for layers, jit_compile, views in candidates
    }
    calls = {key: call for key, call in calls.items() if runnable(call)}
    taken = median_seconds_in_turns(calls, rounds)
    best = {}
    for (layers, mode), time in sorted(taken.items(), key=lambda item: item[1]):
        best.setdefault(layers, (mode, time))
    ours = best["keras_ssl"][1]
    return [
        {
            "pixels": name,
            "batch": shape[0],
            "layers": layers,
            "faster as": mode,
            "views/s": f"{shape[0] / time:.0f}",
            "keras_ssl is faster by": f"{time / ours:.1f} x",
        }
        for layers, (mode, time) in best.items()
    ]


@click.command(help=__doc__.splitlines()[0])
@click.option("--rounds", default=10, show_default=True, help="How often each pipeline is timed.")
@click.option("--only", multiple=True, type=click.Choice([*CASES, SCENES]), help="Pixels. Repeatable. [default: all]")
def main(rounds, only):
    warnings.filterwarnings("ignore", module="keras_cv")
    print(describe_machine())
    print_table([row for name in only or [*CASES, SCENES] for row in measure(name, rounds)])


if __name__ == "__main__":
    main()
