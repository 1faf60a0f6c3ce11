"""How many SimCLR views per second, against keras-cv's and Keras' own layers: `python -m benchmarks.augment`.

All rows draw the same distributions (strength 0.5; blur from 64 pixels on), take the same uint8 batch, are called
before they are timed, and are timed in turns in one process with the same threads. Each stands at the faster of
XLA and not. The rows:

- keras_ssl: `keras_ssl.augment.simclr`;
- keras-cv: the composition of keras-cv's SimCLRAugmenter, whose RandomApply walks through the batch image by image;
- keras-cv, batched: the same layers, but RandomApply replaced by a tf.where over the whole batch, which is faster;
- Keras: its own layers. There is no random resized crop among them, so RandomZoom and RandomTranslation stand in.

Two parameters cannot be the same: stock brightness is added, not multiplied, and stock saturation is uniform on
another scale between the same ends.
"""

import warnings

import click
import keras
import keras_cv
import numpy as np
import tensorflow as tf

from benchmarks.timing import describe_machine, median_seconds_in_turns, print_table
from keras_ssl import augment

BATCHES = {32: 256, 96: 64, 224: 16}
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


def keras_cv_layers(size, apply):
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


def keras_layers(size):
    layers = [
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


def pipelines(size):
    """Name, then one callable each with XLA and without it."""
    stock = keras_cv_layers(size, keras_cv.layers.RandomApply)
    batched = keras_cv_layers(size, BatchedApply)
    own = keras_layers(size)
    for jit_compile in (True, False):
        yield "keras_ssl", jit_compile, augment.simclr(size, jit_compile=jit_compile)
        yield "keras-cv", jit_compile, chain(stock, jit_compile)
        yield "keras-cv, batched", jit_compile, chain(batched, jit_compile)
        yield "Keras", jit_compile, chain(own, jit_compile)


def runnable(call):
    try:
        call()
    except tf.errors.InvalidArgumentError:  # XLA has no kernel for one of its operations
        return False
    return True


def measure(size, batch_size, rounds):
    shape = (batch_size, size, size, 3)
    images = tf.constant(np.random.default_rng(0).integers(0, 256, shape, dtype="uint8"))
    calls = {
        (name, "XLA" if jit_compile else "graph"): lambda views=views: views(images).numpy()
        for name, jit_compile, views in pipelines(size)
    }
    calls = {key: call for key, call in calls.items() if runnable(call)}
    taken = median_seconds_in_turns(calls, rounds)
    best = {}
    for (name, mode), time in sorted(taken.items(), key=lambda item: item[1]):
        best.setdefault(name, (mode, time))
    ours = best["keras_ssl"][1]
    return [
        {
            "pixels": size,
            "batch": batch_size,
            "layers": name,
            "faster as": mode,
            "views/s": f"{batch_size / time:.0f}",
            "keras_ssl is faster by": f"{time / ours:.1f} x",
        }
        for name, (mode, time) in best.items()
    ]


@click.command(help=__doc__.splitlines()[0])
@click.option("--rounds", default=10, show_default=True, help="How often each pipeline is timed.")
@click.option("--size", type=click.Choice([*map(str, BATCHES), "all"]), default="all", help="Pixels per side.")
def main(rounds, size):
    warnings.filterwarnings("ignore", module="keras_cv")
    print(describe_machine())
    sizes = BATCHES if size == "all" else [int(size)]
    print_table([row for s in sizes for row in measure(s, BATCHES[s], rounds)])


if __name__ == "__main__":
    main()
