"""How much of a training step is the networks' own work: `python -m benchmarks.step`.

For each method, all in one run and in turns, so that a noisy machine disturbs both alike:

- fit: images per second of `model.fit`, with everything that belongs to it (augmented views, heads, loss, metrics,
  optimizer, Keras' loop);
- bare: the forward and backward passes through the networks that the algorithm needs, of `benchmarks.bare`, and
  nothing else;
- ratio: fit / bare, the median over the rounds. 1 would mean that self-supervision costs nothing beyond its passes;
- whole fits: images per second of `fit` on an array over several epochs, from its call to its return, with what was
  compiled before;
- of its steps: that rate as a share of the rate of the same fit's steps. What is missing from 1 is lost at the start
  of fit and between epochs;
- first step: from calling fit to the end of the first batch, with tracing and compilation.

SimCLR is measured on two widths of ResNet-18, with the share of the machine's matrix-product speed that fit reaches
in the backbone's convolutions. `--masking 0.75` shows instead what MAE saves by encoding the visible patches alone.
"""

import math
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
import tensorflow as tf

import keras_ssl
from benchmarks import bare
from benchmarks.quality import narrow_backbone
from benchmarks.timing import describe_machine, median, median_seconds_in_turns, print_table, seconds
from keras_ssl import backbones, recipes
from keras_ssl.methods.momentum_method import MomentumMethod
from keras_ssl.methods.multi_crop_mixin import MultiCropMixin
from keras_ssl.methods.projector_method import ProjectorMethod
from keras_ssl.methods.reconstruction_method import ReconstructionMethod

SHAPE = (32, 32, 3)
WIDTHS = {"16": 256, "64": 128}  # of SimCLR's ResNet-18, and the batch size
# A real epoch has more steps than a round here, and what is lost between epochs has to be seen beside them.
EPOCH_SECONDS = 2.0


@dataclass(frozen=True)
class Case:
    """How a method is built, the batch size, and its passes, a function of `benchmarks.bare`."""

    build: Any
    batch_size: int
    passes: Any


# The passes of methods that build on neither a `ProjectorMethod` nor a `ReconstructionMethod`.
PASSES = {
    "Colorization": bare.code_and_back,
    "DCGAN": bare.two_players,
    "Inpainting": bare.code_and_back,
    "Jigsaw": bare.tiles,
    "MAE": bare.visible_patches_and_back,
    "MultiTask": bare.two_views_and_four_rotations,
    "RotationPrediction": bare.four_rotations,
    "SimMIM": bare.feature_map_and_pixels,
    "VariationalAutoencoder": bare.code_distribution_and_back,
}


def passes_of(method):
    """The function of `benchmarks.bare` with a method's passes: that of PASSES, or that of its base classes."""
    if method.__name__ in PASSES:
        return PASSES[method.__name__]
    target = issubclass(method, MomentumMethod)
    if issubclass(method, MultiCropMixin):
        return bare.crops_and_target if target else bare.crops
    if issubclass(method, ProjectorMethod):
        return bare.two_views_and_target if target else bare.two_views
    if issubclass(method, ReconstructionMethod):
        return bare.code_and_back
    raise ValueError(
        f"What are the forward and backward passes of {method.__name__}? Write them as a function in "
        f"benchmarks/bare.py, and name it in PASSES of benchmarks/step.py. Received: method={method.__name__}"
    )


def from_recipe(name):
    """A method with the heads, the views and the settings of its CIFAR-10 recipe."""
    recipe = recipes.load(name, "cifar10", narrow_backbone(name))
    method = getattr(keras_ssl, recipe.settings["method"])
    return Case(lambda: recipe.build(SHAPE, steps_per_epoch=1), recipe.settings["batch_size"], passes_of(method))


def special(method, batch_size, *arguments, **settings):
    """A method with other networks than its recipe's; arguments that are functions make them."""

    def build():
        return method(*(argument() if callable(argument) else argument for argument in arguments), **settings)

    return Case(build, batch_size, passes_of(method))


# Rows of methods that are not measured with the settings of their recipes.
SPECIAL = {
    "SimCLR, width 16": special(keras_ssl.SimCLR, WIDTHS["16"], lambda: backbones.resnet18(SHAPE, width=16)),
    "SimCLR, width 64": special(keras_ssl.SimCLR, WIDTHS["64"], lambda: backbones.resnet18(SHAPE, width=64)),
    "Autoencoder": special(keras_ssl.Autoencoder, 64, lambda: backbones.conv_encoder(SHAPE)),
    "DeepAutoencoder": special(keras_ssl.DeepAutoencoder, 256, SHAPE),
    "VariationalAutoencoder": special(
        keras_ssl.VariationalAutoencoder, 64, lambda: backbones.conv_encoder(SHAPE), 64
    ),
    "MAE": special(
        keras_ssl.MAE,
        256,
        lambda: backbones.vit(SHAPE, 4, size="tiny", depth=6),
        decoder_width=192,
        decoder_depth=4,
        decoder_heads=6,
    ),
    "SimMIM": special(keras_ssl.SimMIM, 256, lambda: backbones.resnet18(SHAPE, width=16), mask_size=4),
    "DCGAN": special(keras_ssl.DCGAN, 128, SHAPE, filters=(32, 64, 128)),
}


def cases():
    """The rows: SPECIAL's, and every other method that has a recipe."""
    methods = {recipes.load(name).settings["method"]: name for name in recipes.names()}
    done = {row.partition(",")[0] for row in SPECIAL}
    return {**SPECIAL, **{method: from_recipe(name) for method, name in methods.items() if method not in done}}


CASES = cases()


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


def optimizers(method):
    """Momentum for every network of a method: cheap, so that what is measured is the step and not the optimizer."""
    if isinstance(method, keras_ssl.DCGAN):
        return [keras.optimizers.SGD(1e-3, momentum=0.9) for _ in range(2)]
    return [keras.optimizers.SGD(1e-3, momentum=0.9)]


def times_in_turns(case, policy, steps, rounds, **passes):
    """A method, the seconds of its first step, and those of a step of its fit and of other passes, in turns.

    Args:
        case: `Case`.
        policy: String, the dtype policy.
        steps: Integer, how often each is timed in a round.
        rounds: Integer.
        **passes: What is timed beside `"fit"`: functions from a method to a function of a batch of images.

    Returns:
        The method, the seconds of its first step, and a dictionary from `"fit"` and the names of `passes` to a list:
        each round's median seconds.
    """
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(0)
    shape = ((steps + 1) * case.batch_size, *SHAPE)
    dataset = keras_ssl.data.from_arrays(
        np.random.default_rng(0).integers(0, 256, shape, dtype="uint8"), batch_size=case.batch_size
    )
    model = case.build()
    model.compile(*optimizers(model))
    others = {name: build(model) for name, build in passes.items()}
    images = tf.random.uniform((case.batch_size, *SHAPE), 0, 255)
    for run in others.values():
        run(images)
    first, times = None, {name: [] for name in ("fit", *others)}
    for _ in range(rounds):
        watch = StepTimes()
        model.fit(dataset, epochs=1, verbose=0, callbacks=[watch])
        first = first or watch.first
        times["fit"].append(median(watch.steps))
        for name, run in others.items():
            times[name].append(median(seconds(lambda run=run: run(images)) for _ in range(steps)))
    return model, first, times


def median_ratio(times, name):
    """How many steps of fit go into one of the other passes, the median over the rounds."""
    return median(other / fit for other, fit in zip(times[name], times["fit"], strict=True))


def whole_fit(model, batch_size, epochs, step_seconds):
    """Images per second of a fit over several epochs, and of its steps."""
    count = batch_size * math.ceil(EPOCH_SECONDS / step_seconds)
    images = np.random.default_rng(0).integers(0, 256, (count, *SHAPE), dtype="uint8")
    # A batch of any size, as an array's last one may have, is another trace than `times_in_turns` made.
    model.fit(images[: 2 * batch_size], batch_size=batch_size, verbose=0)
    watch = StepTimes()
    taken = seconds(lambda: model.fit(images, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[watch]))
    return epochs * count / taken, batch_size / statistics.mean(watch.steps)


def measure(name, policy, steps, rounds, epochs):
    """A row: images per second of fit and of the bare passes, in turns, and of whole fits."""
    case = CASES[name]
    model, first, times = times_in_turns(case, policy, steps, rounds, bare=case.passes)
    whole, its_steps = whole_fit(model, case.batch_size, epochs, median(times["fit"]))
    return {
        "method": name,
        "batch": case.batch_size,
        "policy": policy,
        "fit images/s": f"{case.batch_size / median(times['fit']):.0f}",
        "bare images/s": f"{case.batch_size / median(times['bare']):.0f}",
        "ratio": f"{median_ratio(times, 'bare'):.2f}",
        "whole fits images/s": f"{whole:.0f}",
        "of its steps": f"{whole / its_steps:.2f}",
        "of peak": _share_of_peak(model, policy, case.batch_size, median(times["fit"])),
        "first step": f"{first:.1f} s",
    }


def _share_of_peak(model, policy, batch_size, step_seconds):
    if not isinstance(model, keras_ssl.SimCLR):
        return ""
    flops = 3 * 2 * multiply_adds(model.encoder) * 2 * batch_size  # backward is twice the forward
    return f"{flops / step_seconds / peak_flops('bfloat16' if 'bfloat16' in policy else 'float32'):.0%}"


def masking(ratio, batch_size=256):
    """Rows: the encoder's forward and backward pass on all patches, and on those that MAE leaves visible."""
    encoder = CASES["MAE"].build().encoder
    tokens = encoder.get_layer("patch_tokens").output.shape[1]
    visible = tokens - round(tokens * ratio)
    transformer = encoder.get_layer("transformer")

    @tf.function
    def step(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(transformer(inputs, training=True))
        return tape.gradient(loss, transformer.trainable_variables)

    inputs = {count: tf.random.normal((batch_size, count, encoder.output_shape[-1])) for count in (tokens, visible)}
    times = median_seconds_in_turns({count: lambda x=x: step(x) for count, x in inputs.items()}, rounds=5)
    return [
        {"patches": count, "seconds": f"{times[count]:.3f}", "of all": f"{times[count] / times[tokens]:.2f}"}
        for count in inputs
    ]


@click.command(help=__doc__.splitlines()[0])
@click.option(
    "--only", multiple=True, type=click.Choice(list(CASES)), help="Rows to measure. Repeatable. [default: all]"
)
@click.option("--policy", type=click.Choice(["float32", "mixed_bfloat16", "all"]), default="all")
@click.option("--steps", default=5, show_default=True, help="Steps per round.")
@click.option("--rounds", default=5, show_default=True, help="Rounds of fit and bare in turns.")
@click.option("--epochs", default=3, show_default=True, help="Epochs of a whole fit.")
@click.option("--masking", "masking_ratio", type=float, help="The encoder's time at this share of masked patches.")
def main(only, policy, steps, rounds, epochs, masking_ratio):
    print(describe_machine())
    if masking_ratio is not None:
        print_table(masking(masking_ratio))
        return
    policies = ["float32", "mixed_bfloat16"] if policy == "all" else [policy]
    if policy == "all" and not computes_bfloat16():
        policies.remove("mixed_bfloat16")
        print(
            "No bfloat16 instructions here: emulated, a step takes minutes. --policy mixed_bfloat16 tries it anyway."
        )
    print_table([measure(name, p, steps, rounds, epochs) for name in only or CASES for p in policies])


if __name__ == "__main__":
    main()
