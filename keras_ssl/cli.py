"""The `keras-ssl` command, which calls `keras_ssl.runs` and prints the results."""

import contextlib
import os
import re
import shlex
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

import click
import yaml
from click.core import ParameterSource

import keras_ssl

EXPECTED_ERRORS = (ValueError, TypeError, OSError, ImportError, MemoryError)
# Copies, so that --help is quick and does not import TensorFlow. A test compares them with those of `runs`.
PROTOCOLS = ("knn", "linear", "svm", "mlp", "few-label", "fine-tune")
CLASSIFIERS = ("linear", "fine-tune")


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Context that hides the output on stderr while TensorFlow is imported. Exceptions are raised as usual.

    TensorFlow's C++ code prints a dozen lines about its build and missing GPUs. No setting turns off all of them.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Context that shows warnings without their place in the code."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *args, **kwargs: f"Warning: {message}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def _runs():
    """`keras_ssl.runs`, imported when a command needs it. With `--debug`, the output of the import is shown."""
    shown = "tensorflow" in sys.modules or click.get_current_context().find_root().params["debug"]
    with contextlib.nullcontext() if shown else quiet_import():
        from keras_ssl import runs
    return runs


class _Group(click.Group):
    """Group of commands that shows an error as one line, and with `--debug` as a traceback."""

    def invoke(self, ctx):
        try:
            with contextlib.nullcontext() if ctx.params["debug"] else plain_warnings():
                return super().invoke(ctx)
        except click.ClickException:
            raise
        except KeyboardInterrupt:
            click.echo("\nStopped.", err=True)
            sys.exit(130)
        except Exception as error:
            if ctx.params["debug"] or not (isinstance(error, EXPECTED_ERRORS) or _is_op_error(error)):
                raise
            click.echo(f"Error: {_one_line(error)}", err=True)
            sys.exit(1)


def _is_op_error(error):
    """Whether an error comes from TensorFlow. Without an import of TensorFlow it does not."""
    tf = sys.modules.get("tensorflow")
    return tf is not None and isinstance(error, tf.errors.OpError)


def _one_line(error):
    message = str(error)
    if _is_op_error(error):
        # TensorFlow puts the names of nodes around the message of an assertion.
        words = re.search(r"assertion failed: \[(.*?)\]\s*\[\[", error.message, re.DOTALL)
        message = words[1] if words else error.message
    return " ".join(message.split()) or type(error).__name__


def parse_setting(text: str) -> tuple[str, Any]:
    """Split KEY=VALUE into the key and the value, which is read as YAML.

    Args:
        text: String, such as `"learning_rate.base=0.3"`.

    Raises:
        click.BadParameter: If there is no `=`, or the value is not YAML.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"write KEY=VALUE, such as epochs=20. Received: {text}")
    try:
        return key, _parse_value(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise click.BadParameter(f"write the value as in YAML: 20, word, [1, 2]. Received: {text}") from None


def _parse_value(text):
    """A YAML value. Numbers come first, because YAML reads 8e-3, without a dot, as a word."""
    try:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        return yaml.safe_load(text)


def _settings(ctx, param, values):
    return dict(map(parse_setting, values))


def _names(ctx, param, value):
    return tuple(name.strip() for name in (value or "").split(",") if name.strip())


def _image_size(ctx, param, value):
    if value is None:
        return None
    try:
        sides = [int(side) for side in value.lower().split("x")]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2) or min(sides) < 1:
        raise click.BadParameter(f"write HEIGHTxWIDTH or one number, such as 96x128 or 96. Received: {value}")
    return (sides[0], sides[-1])


on_error_option = click.option(
    "--on-error",
    type=click.Choice(["raise", "skip"]),
    default="raise",
    show_default=True,
    help="What to do about files of a folder that cannot be read.",
)


fine_tuning_epochs_option = click.option(
    "--epochs", type=click.IntRange(1), help="Epochs of fine-tuning.  [default: 500 steps, but at least ten epochs]"
)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(keras_ssl.__version__, prog_name="keras-ssl")
def main(debug):
    """Learn features from images without labels, evaluate them, and put the encoder into production.

    \b
    keras-ssl pretrain simclr --data digits --out runs/digits
    keras-ssl evaluate runs/digits
    keras-ssl export runs/digits --to saved_models/digits
    """


@main.command()
@click.argument("method", required=False)
@click.option(
    "--data",
    help="digits, the name of a TFDS data set such as cifar10, or a folder of images. With --resume: the new path of "
    "the folder, if it was moved.",
)
@click.option("--out", required=True, type=click.Path(file_okay=False), help="The run folder to create.")
@click.option("--resume", is_flag=True, help="Resume the run in --out after an interruption.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Time limit for the whole run.")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the images.  [default: depends on their number]")
@click.option("--steps", type=click.IntRange(1), help="Training steps, instead of --minutes or --epochs.")
@click.option("--batch-size", type=click.IntRange(2), help="Images per step.  [default: the recipe's]")
@click.option("--backbone", help="The network, such as small_cnn or resnet18.  [default: the recipe's]")
@click.option("--image-size", callback=_image_size, help="HEIGHTxWIDTH of the network's input, such as 96x128 or 96.")
@click.option(
    "--resize",
    type=click.Choice(["crop", "stretch", "pad"]),
    default="crop",
    show_default=True,
    help="How images of another shape are resized for the network.",
)
@click.option(
    "--bits",
    type=click.IntRange(8, 16),
    help="How many bits are in use in a folder's files of 16 bits.  [default: what the files say, else 16]",
)
@click.option(
    "--cache",
    type=click.Choice(["auto", "memory", "disk", "none"]),
    default="auto",
    show_default=True,
    help="Where decoded images are kept; auto: in memory, if they take at most a quarter of the free memory.",
)
@click.option(
    "--channels",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Channels of a folder's images: 1 for gray, 3 for RGB, or the number that its TIFF files have.",
)
@click.option(
    "--split",
    default="train",
    show_default=True,
    help="The images to train on, e.g. train[:20000]; for a folder train or all.",
)
@click.option("--data-dir", type=click.Path(file_okay=False), help="Folder of prepared TFDS data sets.")
@on_error_option
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_settings,
    help="Change a setting of the recipe, e.g. learning_rate.base=0.3. Repeatable.",
)
@click.option("--policy", default="float32", show_default=True, help="Keras dtype policy, e.g. mixed_bfloat16.")
@click.option("--seed", default=0, show_default=True, help="Determines the run, together with its settings.")
@click.option("--monitor/--no-monitor", default=True, help="Log kNN accuracy, and warn of a collapse.")
def pretrain(method, data, out, resume, batch_size, backbone, settings, **kwargs):
    """Train METHOD on unlabelled images. `keras-ssl list` names the methods."""
    began = time.monotonic()  # before TensorFlow is imported
    if resume and method:
        raise click.UsageError("--resume uses the settings in the run folder: leave out METHOD.")
    if not resume and not (method and data):
        raise click.UsageError("Give a METHOD and --data: keras-ssl pretrain simclr --data digits --out runs/x")
    context = click.get_current_context()
    changed = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if resume and (useless := sorted(set(changed) - {"resume", "out", "data"})):
        raise click.UsageError(
            "--resume uses the settings in the run folder, up to the planned end: leave out other options. "
            f"Received: {', '.join(useless)}"
        )
    given = {"batch_size": batch_size, "backbone": backbone}
    overrides = {**{key: value for key, value in given.items() if value is not None}, **settings}
    runs = _runs()
    try:
        run = (
            runs.resume(out, data=data)
            if resume
            else runs.pretrain(method, data, out, overrides=overrides, began=began, **kwargs)
        )
    except (KeyboardInterrupt, SystemExit) as stop:
        begun = os.path.isfile(os.path.join(out, "config.yaml"))
        next_step = (
            " Epochs up to the newest checkpoint are kept; later ones are trained again, with the same result. "
            f"Go on with: keras-ssl pretrain --resume --out {shlex.quote(out)}"
            if begun
            else " The training had not begun yet."
        )
        click.echo(f"\nStopped.{next_step}", err=True)
        sys.exit(stop.code if isinstance(stop, SystemExit) else 130)
    click.echo(f"Epochs done: {run.epochs_done}, in {run.path}. Next: {runs.command_after(run)}")


@main.command()
@click.argument("run", type=click.Path())
@click.option(
    "--protocol",
    default="knn,linear,few-label",
    show_default=True,
    callback=_names,
    help=f"How to score, separated by commas: {', '.join(PROTOCOLS)}.",
)
@click.option(
    "--data", help="Labelled images: a name, or a folder with a subfolder for each class.  [default: the run's]"
)
@click.option("--train-split", default="train", show_default=True, help="Split to train classifiers on.")
@click.option("--test-split", default="test", show_default=True, help="Split to score them on.")
@click.option("--baselines/--no-baselines", default=True, help="Score raw pixels and a random encoder too.")
@fine_tuning_epochs_option
def evaluate(run, protocol, **kwargs):
    """Score the features of RUN with labels it has not seen, next to raw pixels and a random encoder."""
    _runs().evaluate(run, protocol, **kwargs)
    drawn = os.path.isfile(os.path.join(run, "figures", "map.png"))
    a_map = f", a map of the features in {run}/figures/map.png" if drawn else ""
    click.echo(f"The protocols are described in {run}/evaluation.json{a_map}.")


def scene_options(command):
    """Adds the options that `detect` and `segment` share."""
    options = [
        click.argument("run", type=click.Path()),
        click.option(
            "--epochs", type=click.IntRange(1), help="Passes over the images.  [default: 600 steps or more]"
        ),
        click.option("--image-size", callback=_image_size, help="HEIGHTxWIDTH.  [default: theirs, 256 at most]"),
        click.option("--batch-size", type=click.IntRange(1), default=8, show_default=True, help="Images per step."),
        click.option("--train-split", default="train", show_default=True, help="Split to train on."),
        click.option("--test-split", default="test", show_default=True, help="Split to score on."),
        click.option("--images", type=click.IntRange(1), help="So many of the training images.  [default: all]"),
        click.option("--classes", callback=_names, help="Names of the classes in their order, separated by commas."),
        click.option("--frozen", is_flag=True, help="Leave the encoder as it is, and train the head alone."),
        click.option("--baseline/--no-baseline", default=True, help="Train the same network from scratch too."),
        click.option("--seed", default=0, show_default=True, help="Determines the training, with the settings."),
        click.option("--resume", is_flag=True, help="Go on after an interruption, with the same options."),
        on_error_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


@main.command()
@scene_options
@click.option("--data", required=True, help="Folder of Pascal VOC, .json file of COCO, or a TFDS name.")
@click.option("--width", default=64, show_default=True, help="Channels of the head, a multiple of 16.")
def detect(run, data, classes, **kwargs):
    """Train a detector on the encoder of RUN, and score it next to the same network from scratch."""
    _runs().detect(run, data, classes=classes or None, **kwargs)
    click.echo(f"The detector, its scores and the worst test images are in {run}/detector.")


@main.command()
@scene_options
@click.option("--data", required=True, help="Folder with SPLIT/images and SPLIT/masks, or a TFDS name.")
@click.option(
    "--ignore-class", type=click.IntRange(0, 255), default=255, show_default=True, help="Pixels without label."
)
@click.option("--dice-weight", type=click.FloatRange(0), default=0.0, show_default=True, help="Of the Dice loss.")
@click.option("--width", default=32, show_default=True, help="Channels at the finest level of the decoder.")
def segment(run, data, classes, **kwargs):
    """Train a segmentation network on the encoder of RUN, and score it next to the same network from scratch."""
    _runs().segment(run, data, classes=classes or None, **kwargs)
    click.echo(f"The network, its scores and the worst test images are in {run}/segmenter.")


@main.command()
@click.argument("run", type=click.Path())
@click.argument("folder", type=click.Path())
@click.option("--to", required=True, type=click.Path(dir_okay=False), help="The .npz file to write.")
@on_error_option
def embed(run, folder, to, on_error):
    """Write the features of all images in FOLDER, with their file names, to an .npz file."""
    count, dim = _runs().embed(run, folder, to, on_error=on_error)
    click.echo(f"{count} images, {dim} features each: {to}")


@main.command()
@click.argument("run", type=click.Path())
@click.option("--to", required=True, type=click.Path(file_okay=False), help="Folder of the versions 1, 2, …")
@click.option(
    "--resize",
    type=click.Choice(["stretch", "crop", "pad"]),
    help="How images of another size in requests are resized for the encoder.  [default: as in the run]",
)
@click.option(
    "--classifier",
    type=click.Choice(CLASSIFIERS),
    is_flag=False,
    flag_value="linear",
    help="Fit a classifier on the run's labelled data, and serve its classes too: linear (also --classifier alone), "
    "or fine-tune, which trains the encoder too.",
)
@click.option("--data", help="Labelled images for the classifier: a name or a folder.  [default: the run's]")
@click.option("--no-classifier", is_flag=True, expose_value=False, help="Serve the features alone.  [default]")
@fine_tuning_epochs_option
def export(run, to, **kwargs):
    """Export the encoder of RUN, or RUN/detector or RUN/segmenter, as a SavedModel for TensorFlow Serving."""
    path = _runs().export(run, to, **kwargs)
    click.echo(f"{path} is ready to be served; its manifest.json describes the inputs and outputs.")


@main.command("list")
def list_():
    """List methods, data, backbones, protocols and the settings of a recipe."""
    for kind, entries in _runs().catalogue().items():
        click.echo(click.style(kind, bold=True))
        width = max(len(name) for name, _ in entries)
        for name, description in entries:
            click.echo(f"  {name:<{width}}  {description}")


if __name__ == "__main__":
    main()
