"""How much of a training step is the backbone's own work: `python -m benchmarks.step`.

For each setting, all in one run and in turns, so that a noisy machine disturbs both alike:

- fit: images per second of SimCLR's `model.fit`, with everything that belongs to it (two augmented views, head, loss,
  metrics, optimizer, Keras' loop);
- bare: the forward and backward pass of the same backbone on the same 2B images, and nothing else;
- ratio: fit / bare. 1 would mean that self-supervision costs nothing beyond its two passes;
- peak: the share of the machine's matrix-product speed that fit reaches in the backbone's convolutions;
- first step: from calling fit to the end of the first batch, with tracing and compilation.
"""

import time
from pathlib import Path

import click
import keras
import numpy as np
import tensorflow as tf

import keras_ssl
from benchmarks.timing import describe_machine, median, print_table, seconds

SETTINGS = {"16": (16, 256), "64": (64, 128)}  # ResNet-18 width, batch size


class StepTimes(keras.callbacks.Callback):
    """Seconds of every step, and of the first one from the call of fit on."""

    def __init__(self):
        super().__init__()
        self.start = time.perf_counter()
        self.first = None
        self.steps = []

    def on_train_batch_begin(self, batch, logs=None):
        self.begin = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if self.first is None:
            self.first = now - self.start
        else:
            self.steps.append(now - self.begin)


def multiply_adds(model):
    """Multiply-adds of one image's forward pass through the convolutions and dense layers of `model`."""
    total = 0
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            total += int(np.prod(layer.output.shape[1:-1])) * int(np.prod(layer.kernel.shape))
    return total


def peak_flops(dtype):
    """Floating-point operations per second of a large matrix product in `dtype`."""
    size = 2048
    a = tf.cast(tf.random.normal((size, size)), dtype)
    product = tf.function(tf.matmul)
    product(a, a)
    return 2 * size**3 / min(seconds(lambda: product(a, a)) for _ in range(5))


def computes_bfloat16():
    """Whether an accelerator or the CPU's own instructions multiply in bfloat16."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    return bool(tf.config.list_physical_devices("GPU")) or "avx512_bf16" in flags or "amx_bf16" in flags


def bare_step(encoder):
    """Forward and backward pass of `encoder` in training mode."""

    @tf.function
    def step(images):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(encoder(images, training=True))
        return tape.gradient(loss, encoder.trainable_variables)

    return step


def measure(width, batch_size, policy, steps, rounds):
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).integers(0, 256, ((steps + 1) * batch_size, 32, 32, 3), dtype="uint8")
    dataset = keras_ssl.data.from_arrays(images, batch_size=batch_size)
    encoder = keras_ssl.backbones.resnet18((32, 32, 3), width=width)
    model = keras_ssl.SimCLR(encoder)
    model.compile(keras.optimizers.SGD(0.12, momentum=0.9))
    bare = bare_step(encoder)
    views = tf.random.uniform((2 * batch_size, 32, 32, 3), 0, 255)
    bare(views)
    first, fit, alone = None, [], []
    for _ in range(rounds):
        times = StepTimes()
        model.fit(dataset, epochs=1, verbose=0, callbacks=[times])
        first = first or times.first
        fit += times.steps
        alone += [seconds(lambda: bare(views)) for _ in range(steps)]
    fit_seconds = median(fit)
    flops = 3 * 2 * multiply_adds(encoder) * 2 * batch_size  # backward is twice the forward
    dtype = "bfloat16" if "bfloat16" in policy else "float32"
    return {
        "width": width,
        "batch": batch_size,
        "policy": policy,
        "fit images/s": f"{batch_size / fit_seconds:.0f}",
        "bare images/s": f"{batch_size / median(alone):.0f}",
        "ratio": f"{median(alone) / fit_seconds:.2f}",
        "of peak": f"{flops / fit_seconds / peak_flops(dtype):.0%}",
        "first step": f"{first:.1f} s",
    }


@click.command(help=__doc__.splitlines()[0])
@click.option("--width", type=click.Choice([*SETTINGS, "all"]), default="all", help="ResNet-18 width.")
@click.option("--policy", type=click.Choice(["float32", "mixed_bfloat16", "all"]), default="all")
@click.option("--steps", default=5, show_default=True, help="Steps per round.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of fit and bare in turns.")
def main(width, policy, steps, rounds):
    print(describe_machine())
    widths = SETTINGS if width == "all" else [width]
    policies = ["float32", "mixed_bfloat16"] if policy == "all" else [policy]
    if policy == "all" and not computes_bfloat16():
        policies.remove("mixed_bfloat16")
        print(
            "No bfloat16 instructions here: emulated, a step takes minutes. --policy mixed_bfloat16 tries it anyway."
        )
    print_table([measure(*SETTINGS[w], p, steps, rounds) for w in widths for p in policies])


if __name__ == "__main__":
    main()
